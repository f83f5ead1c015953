import { RbeeError } from "../base/rbee_error.ts";
import type { DeviceInfo } from "../contracts/device.ts";
import type { WorkerSpawnRequest } from "../contracts/operation.ts";
import type { WorkerInfo } from "../contracts/worker.ts";
import type { ModelSize } from "../contracts/model.ts";
import type { EventLog } from "../jobs/event_log.ts";
import type { JobRegistry } from "../jobs/job_registry.ts";
import { hasModel } from "../models/means_model.ts";
import { endedWorkers, jobIdOf } from "./ended_workers.ts";
import type { Worker } from "./worker.ts";
import { isSameSpec, willDo, type WorkerSpec } from "./worker_spec.ts";
import { hasEnded, isUsable } from "./worker_state.ts";

const KEPT_ENDED_WORKERS = 50;
// Nothing was started for such a name, and who asked was told: a row of each would hide the others.
const MISNAMED = new Set(["model_not_found", "bad_model_name"]);

/** The workers of a hive, those that ended last too, also of hives before this one. */
export class KnownWorkers {
  readonly #logs: JobRegistry;
  readonly #hive: string;
  readonly #stored: () => readonly Pick<ModelSize, "name">[];
  readonly #devices: () => readonly DeviceInfo[];
  readonly #workers = new Map<string, Worker>();
  /** Of hives before this one, newest last. */
  readonly #before: WorkerInfo[];

  /**
   * @param logs The workers' lives as jobs, also of hives before this one.
   * @param options.stored The models in the hive's store, by which names that mean the same are known.
   * @param options.devices Those of the machine. None: they are not known.
   */
  constructor(
    logs: JobRegistry,
    options: {
      hive: string;
      stored: () => readonly Pick<ModelSize, "name">[];
      devices: () => readonly DeviceInfo[];
    },
  ) {
    const { hive, stored, devices } = options;
    this.#devices = devices;
    this.#logs = logs;
    this.#hive = hive;
    this.#stored = stored;
    this.#before = endedWorkers(logs, hive, KEPT_ENDED_WORKERS);
  }

  add(worker: Worker): void {
    this.#workers.set(worker.id, worker);
  }

  /** All of them, newest first, but for those whose name means no model. */
  list(): WorkerInfo[] {
    return [...this.current(), ...this.#before.toReversed().filter(isNamedRight)];
  }

  /** Those of this hive alone, newest first, but for those whose name means no model. */
  current(): WorkerInfo[] {
    return [...this.#workers.values()].map((worker) => worker.info()).filter(isNamedRight)
      .reverse();
  }

  /** Those that have not ended, oldest first. */
  running(): Worker[] {
    return [...this.#workers.values()].filter(({ state }) => !hasEnded(state));
  }

  /** One that can be shared by who wants such a worker. */
  find(spec: WorkerSpec): Worker | undefined {
    return this.#usable(spec.model).find((worker) =>
      isSameSpec({ ...worker.spec, model: spec.model }, spec)
    );
  }

  /** One that will do for a request that leaves the options open: the readiest. */
  findAny(request: WorkerSpawnRequest): Worker | undefined {
    const devices = this.#devices();
    const usable = this.#usable(request.model).filter(({ spec, memory: { vramBytes } }) =>
      willDo(spec, request, { vramBytes, devices })
    );
    return usable.find(({ state }) => state === "ready") ??
      usable.find(({ state }) => state === "loading") ?? usable[0];
  }

  /** One of a hive before this one. */
  ended(id: string): WorkerInfo | undefined {
    return this.#before.find(({ worker_id }) => worker_id === id);
  }

  /**
   * @throws {RbeeError} `worker_not_found` If there is none of that id; `worker_gone` If it was one of a
   * hive before this one.
   */
  get(id: string): Worker {
    const worker = this.#workers.get(id);
    if (worker !== undefined) return worker;
    const ended = this.ended(id);
    if (ended === undefined) throw this.#notFound(id);
    const message = ended.error?.message ?? `Worker "${id}" was stopped`;
    throw new RbeeError("worker_gone", message, { details: { worker_id: id } });
  }

  /**
   * What a worker has said, also one of a hive before this one, for as long as it is kept.
   *
   * @throws {RbeeError} `worker_not_found` If nothing of it is kept.
   */
  logOf(id: string): EventLog {
    const log = this.#workers.get(id)?.log ?? this.#logs.find(jobIdOf(id))?.log;
    if (log === undefined) throw this.#notFound(id);
    return log;
  }

  /** Lets go of the oldest that have ended, past 50, and names them. Their logs stay where they are. */
  forgetOldest(): string[] {
    const ended = [...this.#workers.values()].filter(({ state }) => hasEnded(state));
    const forgotten = ended.slice(0, Math.max(0, ended.length - KEPT_ENDED_WORKERS));
    for (const { id } of forgotten) this.#workers.delete(id);
    return forgotten.map(({ id }) => id);
  }

  /** Those that can be used, now or soon, and have the model that a name means. */
  #usable(model: string): Worker[] {
    const stored = this.#stored();
    return this.running().filter(({ state, spec, storedName: storedAs }) =>
      isUsable(state) && hasModel({ model: spec.model, storedAs }, model, stored)
    );
  }

  #notFound(id: string): RbeeError {
    return new RbeeError(
      "worker_not_found",
      `Cannot find worker "${
        id.slice(0, 80)
      }" on hive "${this.#hive}"; rbee worker list shows those that are known`,
    );
  }
}

function isNamedRight({ model, state, error }: WorkerInfo): boolean {
  // A path may be right tomorrow, and may stand in rbee.yaml.
  if (state !== "failed" || error === undefined || model.startsWith("/")) return true;
  return !MISNAMED.has(error.code);
}
