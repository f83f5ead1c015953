import { RbeeError } from "../base/rbee_error.ts";
import type { WorkerSpawnRequest } from "../contracts/operation.ts";
import type { WorkerInfo } from "../contracts/worker.ts";
import { currentJobLog } from "../jobs/job_logs.ts";
import { narrationContext, withoutNarrationContext } from "../narration/context.ts";
import { narrate } from "../narration/narrate.ts";
import { Worker, type WorkerParts } from "./worker.ts";
import { isUsable } from "./worker_state.ts";

const KEPT_ENDED_WORKERS = 50;

/** The workers of one hive. */
export class WorkerLifecycle {
  readonly #parts: WorkerParts;
  readonly #workers = new Map<string, Worker>();

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  /** All workers, ended ones too, newest first. */
  list(): WorkerInfo[] {
    return [...this.#workers.values()].reverse().map((worker) => worker.info());
  }

  /** @throws {RbeeError} `worker_not_found` If there is none of that id. */
  get(id: string): Worker {
    const worker = this.#workers.get(id);
    if (worker !== undefined) return worker;
    throw new RbeeError(
      "worker_not_found",
      `Cannot find worker "${
        id.slice(0, 80)
      }" on hive "${this.#parts.hive}"; rbee status shows those that run`,
    );
  }

  /**
   * Gives the job a worker that is ready: one that already has the same model, device, engine and
   * options, or a new one. All that the worker says until it is ready goes into the job that waits,
   * whichever job had it started. When `signal` aborts and nobody else waits for it, it is stopped.
   *
   * @throws {RbeeError} `cannot_spawn`, or why the worker never became ready.
   * @throws {unknown} If `signal` aborts: its reason, after the worker is gone.
   */
  async spawn(request: WorkerSpawnRequest, signal: AbortSignal): Promise<Worker> {
    const running = this.#find(request);
    if (running?.state === "ready") {
      narrate("worker_reuse", `${request.model} is already loaded (process ${running.pid})`, {
        fields: { worker_id: running.id },
      });
      return running;
    }
    const worker = running ?? this.#start(request);
    if (running !== undefined) {
      narrate("worker_wait", `${request.model} is already being loaded (process ${worker.pid})`, {
        fields: { worker_id: worker.id },
      });
    }
    await this.#follow(worker, signal);
    narrate("worker_spawn", `Worker for ${request.model} is ready (process ${worker.pid})`, {
      fields: { worker_id: worker.id },
    });
    return worker;
  }

  /** Ends a worker. */
  async stop(id: string, reason: string): Promise<WorkerInfo> {
    const worker = this.get(id);
    narrate(
      "worker_stop",
      `Stopping the worker for ${worker.request.model} (process ${worker.pid})`,
    );
    await worker.stop(reason);
    return worker.info();
  }

  /** Ends all workers, side by side. */
  async stopAll(reason: string): Promise<void> {
    const usable = [...this.#workers.values()].filter(({ state }) =>
      isUsable(state) || state === "stopping"
    );
    await Promise.all(usable.map(async (worker) => {
      narrate("worker_stop", `Stopping the worker for ${worker.request.model}: ${reason}`);
      await worker.stop(reason);
    }));
  }

  #find(request: WorkerSpawnRequest): Worker | undefined {
    const key = keyOf(request);
    return [...this.#workers.values()].find((worker) =>
      isUsable(worker.state) && keyOf(worker.request) === key
    );
  }

  #start(request: WorkerSpawnRequest): Worker {
    narrate("worker_spawn", `Spawning worker for ${request.model} on ${request.device}`);
    // It outlives this job, so what it says later must not be said in this job's name.
    const worker = withoutNarrationContext(() => new Worker(request, this.#parts));
    this.#workers.set(worker.id, worker);
    narrate("worker_spawn", `Worker process ${worker.pid} started`, {
      fields: { worker_id: worker.id, pid: worker.pid },
    });
    withoutNarrationContext(() =>
      worker.gone.then(() => {
        if (worker.error !== undefined) {
          narrate("worker_failed", worker.error.message, { level: "error" });
        }
        this.#forgetOldest();
      })
    );
    return worker;
  }

  async #follow(worker: Worker, signal: AbortSignal): Promise<void> {
    const log = currentJobLog();
    const { jobId: job_id, correlationId: correlation_id } = narrationContext();
    worker.waiters++;
    try {
      for await (const event of worker.eventsUntilReady(signal)) {
        if (event.type === "log") log.append(event);
        else if (event.type === "narration" && event.job_id === undefined) {
          log.append({ ...event, job_id, correlation_id });
        }
      }
      signal.throwIfAborted();
      await worker.ready;
    } finally {
      worker.waiters--;
      if (signal.aborted && worker.waiters === 0 && worker.state !== "ready") {
        narrate(
          "worker_stop",
          `Stopping the worker for ${worker.request.model}: nobody waits for it`,
        );
        await worker.stop("the request for it was cancelled");
      }
    }
  }

  #forgetOldest(): void {
    const ended = [...this.#workers.values()].filter(({ state }) =>
      state === "stopped" || state === "failed"
    );
    for (const worker of ended.slice(0, Math.max(0, ended.length - KEPT_ENDED_WORKERS))) {
      this.#workers.delete(worker.id);
    }
  }
}

/** What two requests must have in common to share a worker. */
function keyOf({ hive: _hive, operation: _operation, ...rest }: WorkerSpawnRequest): string {
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => a < b ? -1 : 1));
}
