import { unlessAborted } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import type { HiveSettings } from "../config/hive_settings.ts";
import { inWords } from "../models/memory_fit.ts";
import type { ModelFile } from "../models/model_file.ts";
import { narrate } from "../narration/narrate.ts";
import { chooseToStop, type Holder, type MemoryLack, type RoomWanted } from "./choose_to_stop.ts";
import type { MemoryCheck } from "./memory_check.ts";
import { removableWorkers } from "./removable_workers.ts";
import { reservedBytes } from "./reserved_memory.ts";
import type { Worker } from "./worker.ts";
import type { NeededMemory } from "./worker_output.ts";
import type { WorkerSpec } from "./worker_spec.ts";
import { WorkerUsage } from "./worker_usage.ts";

const MOST_CHECKS = 5;

/** What the memory of a hive's workers is looked after with. */
export interface WorkerMemoryParts {
  settings: HiveSettings;
  /** Those that have not ended. */
  running(): Worker[];
  /** Refuses what does not fit, for engines that are other programs. Default: nothing is refused. */
  check?: Pick<MemoryCheck, "check"> | undefined;
  /** What the machine has free, in bytes. Default: it is not known. */
  freeMemory?: (() => number | undefined) | undefined;
  /** Ends a worker; resolves when it is gone. */
  end(worker: Worker, reason: string): Promise<void>;
}

/** A worker as others have to reckon with it. */
export interface MemoryHolder {
  /** Undefined: it is not known. */
  memory: NeededMemory | undefined;
  /** Whether it may be stopped to make room for another. */
  removable: boolean;
}

/** The memory of a hive's workers: what each may take, what each holds, and who has to go for another. */
export class WorkerMemory {
  readonly #parts: WorkerMemoryParts;
  // Two that want room at once must not each have another stopped for the same bytes.
  readonly #turn = new SlotQueue(["room"]);
  #madeRoom = 0;

  constructor(parts: WorkerMemoryParts) {
    this.#parts = parts;
  }

  /** What a worker of a model that starts now may take of the machine's memory; undefined: not known. */
  grantableBytes(model: string): number | undefined {
    const free = this.#parts.freeMemory?.();
    if (free === undefined) return undefined;
    return Math.max(0, free - reservedBytes(this.#parts.running(), model));
  }

  /**
   * Has the memory for another program looked at, and room made where there is not enough, unless
   * rbee.yaml has switched that off.
   *
   * @throws {RbeeError} `insufficient_memory` If it does not fit, with numbers.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  async check(spec: WorkerSpec, file: ModelFile, signal: AbortSignal): Promise<void> {
    if (!this.#parts.settings.limits.memory_check) return;
    for (let count = 1;; count++) {
      const reserved = reservedBytes(this.#parts.running(), spec.model);
      try {
        return await this.#parts.check?.check(spec, file, { reservedBytes: reserved, signal });
      } catch (error) {
        const lack = lackOf(error);
        const mayFit = lack !== undefined && count < MOST_CHECKS &&
          await this.makeRoom(spec, lack, signal);
        if (!mayFit) throw error;
      }
    }
  }

  /**
   * Stops idle workers, the least recently used first, so that there is room for a worker, and waits
   * until they are gone. Who is pinned, in use or waited for is never stopped; nor is anybody where
   * that would not be enough, as far as it is known what each holds. One at a time: who comes while
   * room is being made for another waits, and is to look again at what is free.
   *
   * @returns Whether there is more room than before.
   * @throws {unknown} If `signal` aborts while it waits: its reason. Who is being stopped, goes.
   */
  async makeRoom(
    spec: WorkerSpec,
    lack: MemoryLack | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (lack === undefined) return false;
    const before = this.#madeRoom;
    const turn = await this.#turn.acquire({ signal, onPlace: () => {} });
    try {
      if (this.#madeRoom !== before) return true;
      const going = this.#choose({ ...lack, model: spec.model, device: spec.device });
      if (going === undefined) return false;
      const leaving = this.#parts.running().filter(({ state }) => state === "stopping");
      for (const worker of going) tellOf(worker, spec, lack);
      const reason = `to make room for ${spec.model}`;
      const gone = [
        ...leaving.map((worker) => worker.gone),
        ...going.map((worker) => this.#parts.end(worker, reason)),
      ];
      if (gone.length === 0) return false;
      await unlessAborted(Promise.all(gone), signal);
      this.#madeRoom++;
      narrate("make_room", `There is more room; trying ${spec.model} again`);
      return true;
    } finally {
      this.#turn.release(turn);
    }
  }

  /**
   * What each worker that has not ended holds, by its id, and whether it may be stopped to make room now.
   *
   * @param usage What their process groups use, for those that do not tell themselves.
   */
  holders(usage: Pick<WorkerUsage, "of">): Map<string, MemoryHolder> {
    const running = this.#parts.running();
    const removable = new Set(removableWorkers(running, this.#parts.settings));
    return new Map(running.map((worker) => {
      const memory = heldBy(worker, usage.of(worker.pid)?.memoryBytes);
      return [worker.id, { memory, removable: removable.has(worker) }];
    }));
  }

  #choose(wanted: RoomWanted): Worker[] | undefined {
    const running = this.#parts.running();
    const usage = new WorkerUsage();
    usage.sample(running.flatMap(({ pid }) => pid ?? []));
    const held = this.holders(usage);
    const holderOf = (worker: Worker): Holder & { worker: Worker } => {
      const { spec, state } = worker;
      return { worker, spec, state, memory: held.get(worker.id)?.memory ?? worker.memory };
    };
    const holders = new Map(running.map((worker) => [worker, holderOf(worker)]));
    const chosen = chooseToStop(wanted, {
      running: [...holders.values()],
      idle: removableWorkers(running, this.#parts.settings).map((worker) => holders.get(worker)!),
    });
    return chosen?.map(({ worker }) => worker);
  }
}

/**
 * What a worker holds: as our own engine told before it loaded, or what the group of a program that tells
 * nothing has resident. Undefined: it is not known.
 */
function heldBy(worker: Worker, residentBytes: number | undefined): NeededMemory | undefined {
  const { memory } = worker;
  if (memory.neededBytes > 0 || memory.vramBytes > 0) return memory;
  if (worker.state !== "ready" || residentBytes === undefined) return undefined;
  return { neededBytes: residentBytes, mappedBytes: 0, vramBytes: 0 };
}

function tellOf(worker: Worker, spec: WorkerSpec, lack: MemoryLack): void {
  const needs = inWords(lack.neededBytes, Math.ceil);
  const free = inWords(lack.freeBytes, Math.floor);
  const where = lack.onGpu ? " on the GPU" : "";
  narrate(
    "make_room",
    `Stopping the idle worker for ${worker.spec.model} to make room for ${spec.model}: it needs ${needs}${where}, ${free} are free`,
    {
      fields: {
        worker_id: worker.id,
        needed_bytes: lack.neededBytes,
        free_bytes: lack.freeBytes,
      },
    },
  );
}

/** What an error tells of a lack; undefined where it is another, or tells no numbers. */
function lackOf(error: unknown): MemoryLack | undefined {
  if (!(error instanceof RbeeError) || error.code !== "insufficient_memory") return undefined;
  const { needed_bytes: neededBytes, free_bytes: freeBytes, on_gpu: onGpu } = error.details ?? {};
  if (typeof neededBytes !== "number" || typeof freeBytes !== "number") return undefined;
  return { neededBytes, freeBytes, onGpu: onGpu === true };
}
