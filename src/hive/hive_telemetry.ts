import { timestamp } from "../base/timestamp.ts";
import type { DeviceInfo } from "../contracts/device.ts";
import type { HiveTelemetry, WorkerTelemetry } from "../contracts/telemetry.ts";
import type { WorkerInfo } from "../contracts/worker.ts";
import { VERSION } from "../version.ts";
import type { ListedModels } from "./listed_models.ts";
import type { WorkerLifecycle } from "./worker_lifecycle.ts";
import type { MemoryHolder } from "./worker_memory.ts";
import type { NeededMemory } from "./worker_output.ts";
import { WorkerUsage } from "./worker_usage.ts";

/** What a hive's telemetry is made of. */
export interface HiveTelemetryParts {
  /** The hive's name. */
  name: string;
  workers: Pick<WorkerLifecycle, "current" | "running" | "memory" | "places">;
  /** What is known of the devices now. */
  devices(): DeviceInfo[];
  models: Pick<ListedModels, "all" | "look">;
  /** The names of the engines that it can start. */
  engines(): readonly string[];
}

/** Makes the telemetry of a hive: real figures of its workers, its devices and its machine. */
export class HiveTelemetrySource {
  readonly #parts: HiveTelemetryParts;
  readonly #usage = new WorkerUsage();
  #devices: DeviceInfo[] = [];

  constructor(parts: HiveTelemetryParts) {
    this.#parts = parts;
  }

  /** The state now. What costs more to find out is looked at in a beat alone. */
  snapshot(options: { beat: boolean }): HiveTelemetry {
    const workers = this.#parts.workers.current();
    if (options.beat) {
      this.#usage.sample(workers.flatMap(({ pid }) => pid ?? []));
      this.#devices = this.#parts.devices();
      // What a person has put there, or taken away, is in the next one.
      this.#parts.models.look();
    }
    const holders = this.#parts.workers.memory.holders(this.#usage);
    const loads = new Map(
      this.#parts.workers.running().map(({ id, loadPercent }) => [id, loadPercent]),
    );
    return {
      at: timestamp(),
      hive: this.#parts.name,
      version: VERSION,
      workers: workers.map((worker) => {
        const { worker_id: id } = worker;
        const loadPercent = loads.get(id);
        return {
          ...this.#telemetryOf(worker, holders.get(id)),
          ...(loadPercent !== undefined && { load_percent: loadPercent }),
        };
      }),
      devices: this.#devices,
      load: Deno.loadavg().map((load) => Math.round(load * 100) / 100),
      models: this.#parts.models.all,
      engines: [...this.#parts.engines()],
      places: this.#parts.workers.places.telemetry,
    };
  }

  #telemetryOf(
    { error, ...worker }: WorkerInfo,
    holder: MemoryHolder | undefined,
  ): WorkerTelemetry {
    const usage = this.#usage.of(worker.pid);
    return {
      ...worker,
      // Not its last lines, which are asked for when they are wanted.
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
      cpu_percent: usage?.cpuPercent ?? null,
      memory_bytes: usage?.memoryBytes ?? null,
      uptime_ms: worker.pid === null ? 0 : Math.max(0, Date.now() - Date.parse(worker.started_at)),
      ...(holder?.memory && { memory: memoryOf(holder.memory) }),
      ...(holder && { removable: holder.removable }),
      ...(this.#parts.workers.places.isQueued(worker.worker_id) && { queued: true }),
    };
  }
}

function memoryOf({ neededBytes, mappedBytes, vramBytes }: NeededMemory) {
  return { ram_bytes: neededBytes, mapped_bytes: mappedBytes, vram_bytes: vramBytes };
}
