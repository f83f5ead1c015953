import type { Hono } from "hono";
import { SlotQueue } from "../base/slot_queue.ts";
import { within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { embedSchema, inferSchema, statusSchema } from "../contracts/operation.ts";
import { errorResponse } from "../http/errors.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { JobRegistry } from "../jobs/job_registry.ts";
import { jobRoutes } from "../jobs/job_routes.ts";
import { operation } from "../jobs/operation_handler.ts";
import { narratePlace, requireRoom } from "../jobs/waiting_line.ts";
import { VERSION } from "../version.ts";
import type { DeathReason } from "./death_reason.ts";
import { endIfDeaf } from "./end_if_deaf.ts";
import { embedOverOpenAi } from "./embed_over_openai.ts";
import type { OpenAiEngine } from "./engine_request.ts";
import { inferOverOpenAi } from "./openai_engine.ts";
import type { Worker } from "./worker.ts";

const STATUS_LIMIT = { kind: "total", ms: 10_000 } as const;
const INFER_LIMIT = { kind: "stall", ms: 600_000 } as const;
const KEPT_JOBS = 1000;
// As our own worker gives its requests when it is told to end.
const GRACE_MS = 5000;
// A broken answer comes a moment before the news of the process's end.
const NEWS_MS = 1000;

/** What is asked of the worker whose jobs they are. */
export type ServedWorker = Pick<
  Worker,
  "id" | "url" | "state" | "spec" | "parallel" | "error" | "death" | "abandon"
>;

/**
 * The jobs of a worker whose program knows no jobs: the same routes and events as our own worker has,
 * answered here, by asking the engine through its OpenAI API.
 */
export class EngineJobs {
  readonly #worker: ServedWorker;
  readonly #slots: SlotQueue<number>;
  readonly #registry = new JobRegistry({ maxEndedJobs: KEPT_JOBS });
  readonly #app: Hono;
  readonly #use: () => () => void;
  #closing = false;

  /**
   * @param options.maxQueue How many requests may wait for a slot.
   * @param options.use Counts a request of the worker; what it gives back ends that.
   */
  constructor(worker: ServedWorker, options: { maxQueue: number; use: () => () => void }) {
    this.#use = options.use;
    this.#worker = worker;
    this.#slots = new SlotQueue([...Array(worker.parallel).keys()]);
    const { model, engine } = worker.spec;
    const admit = () => requireRoom(this.#slots, options.maxQueue);
    this.#app = jobRoutes({
      registry: this.#registry,
      accepting: () => !this.#closing && worker.state === "ready",
      handlers: {
        status: operation(
          statusSchema,
          STATUS_LIMIT,
          () => Promise.resolve({ result: { role: "worker", version: VERSION, model, engine } }),
        ),
        infer: operation(
          inferSchema,
          INFER_LIMIT,
          (request, job) =>
            this.#ask(request.model, job, (to) => inferOverOpenAi(to, request, job)),
          { admit },
        ),
        embed: operation(
          embedSchema,
          INFER_LIMIT,
          (request, job) =>
            this.#ask(request.model, job, (to) => embedOverOpenAi(to, request, job)),
          { admit },
        ),
      },
    });
    this.#app.onError((error, c) => errorResponse(c, error));
  }

  /** Answers what is below `/v1/jobs`. */
  async answer(request: Request): Promise<Response> {
    return await this.#app.fetch(request);
  }

  /** Takes no more, lets what runs go on for the grace period, cancels what is left. */
  async close(reason: string): Promise<void> {
    this.#closing = true;
    const active = this.#registry.active();
    if (active.length === 0) return;
    const ended = Promise.all(active.map((job) => job.ended));
    await within(ended, GRACE_MS);
    for (const job of active) job.cancel(reason);
    await ended;
  }

  /** Does a job for `model` when a slot is free. */
  async #ask(
    model: string,
    job: Job,
    work: (engine: OpenAiEngine) => Promise<JobResult>,
  ): Promise<JobResult> {
    const worker = this.#worker;
    if (model !== worker.spec.model) {
      throw new RbeeError(
        "model_not_found",
        `This worker has the model "${worker.spec.model}", not "${
          model.slice(0, 200)
        }"; ask the queen, which finds the right one`,
      );
    }
    const done = this.#use();
    let slot: number | undefined;
    let { death } = worker;
    try {
      slot = await this.#slots.acquire({ signal: job.signal, onPlace: narratePlace() });
      const { url, spec } = worker;
      // Of the process that is asked: when it breaks off, another may already be in its place.
      death = worker.death;
      if (url === null) throw this.#gone();
      return await work({ baseUrl: url, model: spec.model, name: spec.engine });
    } catch (error) {
      if (job.signal.aborted) throw error;
      const reason = await within(death, NEWS_MS);
      if (reason !== undefined) throw this.#gone(reason);
      if (error instanceof RbeeError && error.code === "worker_gone") await endIfDeaf(worker);
      throw worker.url === null ? this.#gone() : error;
    } finally {
      if (slot !== undefined) this.#slots.release(slot);
      done();
    }
  }

  #gone(reason?: DeathReason): RbeeError {
    const { id } = this.#worker;
    const error = reason ?? this.#worker.error;
    return new RbeeError("worker_gone", error?.message ?? `Worker "${id}" was stopped`, {
      details: error?.details ?? { worker_id: id },
    });
  }
}
