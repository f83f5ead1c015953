import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { timestamp } from "../base/timestamp.ts";
import { DEFAULT_PARALLEL, type WorkerInfo, type WorkerState } from "../contracts/worker.ts";
import type { EventLog } from "../jobs/event_log.ts";
import { openJobLog } from "../jobs/job_logs.ts";
import { withNarrationContext, withoutNarrationContext } from "../narration/context.ts";
import { narrate } from "../narration/narrate.ts";
import { type DeathReason, reasonOf } from "./death_reason.ts";
import type { EngineProgram } from "./engine.ts";
import { Readiness } from "./readiness_promise.ts";
import { RestartBudget } from "./restart_budget.ts";
import { givenUp, narrateRestart } from "./restart_story.ts";
import { mayStartAgain } from "./start_again.ts";
import { untilItAnswers } from "./until_it_answers.ts";
import { type NeededMemory, WorkerOutput } from "./worker_output.ts";
import { workerInfo } from "./worker_info.ts";
import type { WorkerParts } from "./worker_parts.ts";
import { WorkerProcess } from "./worker_process.ts";
import { hasEnded, isUsable, requireChange } from "./worker_state.ts";
import type { WorkerSpec } from "./worker_spec.ts";

/**
 * One worker: the only owner of its state, its process and its end. It lives through several processes
 * when it dies while it is ready, and is started again.
 */
export class Worker {
  readonly id: string;
  readonly spec: WorkerSpec;
  /** The job that is its life. */
  readonly jobId: string;
  /** Its captured output and what the hive says of it, also after its end. */
  readonly log: EventLog;
  /** Resolves when it will never run again, and nothing of it is left. */
  readonly gone: Promise<void>;
  /** How many requests it answers at once. */
  readonly parallel: number;
  /** Requests that are with it now. */
  requests = 0;
  /** What the store calls the file that it was given; undefined where no store keeps it. */
  storedName: string | undefined;
  /** Whether it has ever been ready. */
  wasReady = false;
  /** Jobs that wait for it to be ready, or were just given it. */
  waiters = 0;
  /** When it was last used, in milliseconds of `performance.now()`. */
  lastUsedMs = performance.now();
  readonly #parts: WorkerParts;
  readonly #budget: RestartBudget;
  readonly #output: WorkerOutput;
  readonly #stopping = new AbortController();
  readonly #readiness = new Readiness();
  #state: WorkerState = "starting";
  #process: WorkerProcess | undefined;
  #death = Promise.withResolvers<DeathReason | undefined>();
  #url: string | null = null;
  #restarts = 0;
  #startedAt = timestamp();
  #startSeq = 0;
  #error: DeathReason | undefined;

  constructor(spec: WorkerSpec, parts: WorkerParts) {
    this.id = parts.id;
    this.spec = spec;
    this.jobId = parts.job.id;
    this.log = parts.job.log;
    this.parallel = spec.options.parallel ?? DEFAULT_PARALLEL;
    this.#parts = parts;
    this.#budget = new RestartBudget(parts.restarts);
    this.#output = new WorkerOutput({
      id: parts.id,
      log: parts.job.log,
      diagnostic: parts.diagnostic,
      onListening: (url) => this.#listening(url),
      onProgress: parts.onChange,
    });
    const closeLog = openJobLog(parts.job.id, parts.job.log);
    const context = { jobId: parts.job.id, correlationId: parts.job.correlationId };
    this.gone = withNarrationContext(context, () => this.#live()).finally(closeLog);
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Null while it has no process. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Where it listens, once that is known. */
  get url(): string | null {
    return this.#url;
  }

  /** Why it failed, or died the last time if it is being started again. */
  get error(): DeathReason | undefined {
    return this.#error;
  }

  /** Resolves when it is ready; rejects with the reason when it will never be. */
  get ready(): Promise<void> {
    return this.#readiness.promise;
  }

  /** Resolves with the reason when its present process has ended; undefined: it was stopped. */
  get death(): Promise<DeathReason | undefined> {
    return this.#death.promise;
  }

  /** What its present process said that it needs of the machine's memory. */
  get memory(): NeededMemory {
    return this.#output.memory;
  }

  /** How much of its model is loaded; undefined when it does not load, or does not tell. */
  get loadPercent(): number | undefined {
    return this.#state === "loading" ? this.#output.loadPercent : undefined;
  }

  /** How it is listed. */
  info(): WorkerInfo {
    const [hive, restarts, startedAt] = [this.#parts.hive, this.#restarts, this.#startedAt];
    return workerInfo(this, { hive, restarts, startedAt });
  }

  /** The number of the last event before its present start. */
  get startSeq(): number {
    return this.#startSeq;
  }

  /** Aborts when it is known whether its present start went well. */
  get settled(): AbortSignal {
    return this.#readiness.settled;
  }

  /**
   * Ends it, after `drain` has let its requests end, and resolves when it is gone. Stopping what has
   * ended is fine.
   */
  async stop(reason: string, drain?: () => Promise<void>): Promise<void> {
    if (isUsable(this.#state)) {
      this.#become("stopping");
      this.#stopping.abort(
        new RbeeError("worker_stopped", `The worker was stopped: ${reason}`, {
          details: { worker_id: this.id },
        }),
      );
      await drain?.();
      await this.#process?.stop();
    }
    await this.gone;
  }

  /** Ends its process for a reason, after which it is started again like one that died. */
  abandon(error: { code: string; message: string }): void {
    this.#output.fail(error);
    this.#process?.stop();
  }

  /** Its whole life, through all its processes. Never rejects. */
  async #live(): Promise<void> {
    let leave = () => {};
    try {
      leave = await this.#parts.admit(this.#stopping.signal);
      for (;;) {
        const death = await this.#runOnce();
        if (!await this.#waitForRestart(death)) return this.#fail(death);
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) return this.#fail(reasonOf(error, this.id));
      this.#end("stopped", undefined, this.#stopping.signal.reason);
      this.#parts.job.finishDone({ result: this.info() });
    } finally {
      leave();
    }
  }

  /**
   * One process from its start to its end. Returns why it died.
   *
   * @throws {unknown} If it was stopped, or could not be started: the reason.
   */
  async #runOnce(): Promise<DeathReason> {
    const { signal } = this.#stopping;
    for (let attempt = 1;; attempt++) {
      const program = await this.#parts.engine.prepare(this.spec, signal);
      signal.throwIfAborted();
      const worker = this.#start(program);
      const wasReady = await this.#becomeReady(worker, program);
      await worker.exited;
      // At once, though what it printed last may still be on its way.
      this.#url = null;
      if (this.wasReady && !signal.aborted) {
        // Who asks for it from here on waits for its next start, or for why there is none.
        this.#startSeq = this.log.lastSeq;
        this.#readiness.renew();
        this.#become("starting");
      }
      const end = await worker.ended;
      this.#process = undefined;
      signal.throwIfAborted();
      const death = this.#output.explain(end, { model: this.spec.model, wasReady });
      const makeRoom = () => this.#parts.makeRoom(this.spec, this.#output.lack, signal);
      if (wasReady || !await mayStartAgain(death, { attempt, makeRoom })) return death;
      this.#become("starting");
    }
  }

  #start(program: EngineProgram): WorkerProcess {
    const { id, ledger, graceMs, color } = this.#parts;
    this.#output.begin();
    const worker = new WorkerProcess(program, {
      mark: id,
      ledger,
      graceMs,
      color,
      onCaptured: (captured) => this.#output.take(captured),
    });
    this.#process = worker;
    this.storedName = program.storedName;
    this.#death = Promise.withResolvers();
    const { pid } = worker;
    narrate("worker_spawn", `Worker process ${pid} started`, { fields: { worker_id: id, pid } });
    if (program.url === undefined) this.#parts.onChange();
    else this.#listening(program.url);
    return worker;
  }

  /** Returns whether it became ready; when not, its process has ended or is about to. */
  async #becomeReady(worker: WorkerProcess, program: EngineProgram): Promise<boolean> {
    const answers = await untilItAnswers({
      worker,
      program,
      output: this.#output,
      url: () => this.#url,
      signal: this.#stopping.signal,
      hint: `see rbee worker logs ${this.id}`,
    });
    if (!answers || this.#state !== "loading") return false;
    this.wasReady = true;
    this.#error = undefined;
    this.lastUsedMs = performance.now();
    this.#become("ready");
    this.#readiness.resolve();
    return true;
  }

  #listening(url: string): void {
    if (this.#state !== "starting") return;
    this.#url = url;
    this.#become("loading");
  }

  /** Waits until it is to be started again; false when it is not. */
  async #waitForRestart(death: DeathReason): Promise<boolean> {
    const waitMs = this.wasReady ? this.#budget.take() : undefined;
    if (waitMs === undefined) {
      if (this.wasReady) death.message += `; ${givenUp(this.#budget)}`;
      return false;
    }
    this.#error = death;
    this.#death.resolve(death);
    narrateRestart(this.spec.model, death, waitMs, this.#budget);
    await delay(waitMs, { signal: this.#stopping.signal });
    this.#restarts++;
    this.#startedAt = timestamp();
    return true;
  }

  #fail(reason: DeathReason): void {
    // Who waits for it gets the reason as an error; here it is for the hive's own output.
    withoutNarrationContext(() =>
      narrate("worker_failed", reason.message, { level: "error", fields: { worker_id: this.id } })
    );
    const error = new RbeeError(reason.code, reason.message, { details: reason.details });
    this.#end("failed", reason, error);
    this.#parts.job.finishError(error);
  }

  #end(state: "stopped" | "failed", error: DeathReason | undefined, reason: unknown): void {
    this.#process = undefined;
    this.#url = null;
    this.#error = error;
    this.#output.end();
    this.#become(state);
    this.#death.resolve(error);
    this.#readiness.reject(reason);
  }

  /** @throws {RbeeError} `internal` If a worker in its state cannot become that. */
  #become(state: WorkerState): void {
    if (this.#state === state || hasEnded(this.#state)) return;
    requireChange(this.id, this.#state, state);
    this.#state = state;
    this.#parts.onChange();
  }
}
