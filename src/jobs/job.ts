import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { timestamp } from "../base/timestamp.ts";
import type { JobState, JobView } from "../contracts/job.ts";
import type { JsonValue } from "../contracts/json_value.ts";
import type { FinishReason, NewJobEvent, TerminalEvent, Usage } from "../contracts/job_event.ts";
import { EventLog, type EventLogOptions } from "./event_log.ts";
import { canBecome, hasEnded } from "./job_state.ts";

/** What a handler gives back when its job is done. */
export interface JobResult {
  result: JsonValue;
  usage?: Usage;
  finish_reason?: FinishReason;
}

/** Why a job is being ended before its time. */
export class CancelRequest extends Error {
  override readonly name = "CancelRequest";
}

/** What a job is made of. */
export interface JobOptions {
  id: string;
  operation: string;
  correlationId: string;
  /** Cancelled after so many milliseconds without a reader; undefined: never. */
  unwatchedLimitMs?: number | undefined;
  log?: EventLogOptions;
}

/**
 * One piece of work and its event log. Owns its state, enforces the order of states, and appends the
 * terminal event in the same step in which it takes its last state.
 */
export class Job {
  readonly id: string;
  readonly operation: string;
  readonly correlationId: string;
  readonly log: EventLog;
  readonly createdAt = timestamp();
  readonly #abort = new AbortController();
  readonly #unwatchedLimitMs: number | undefined;
  #state: JobState = "queued";
  #startedAt: string | null = null;
  #finishedAt: string | null = null;
  #result: JobView["result"];
  #error: JobView["error"];
  #readers = 0;
  #unwatchedTimer: ReturnType<typeof setTimeout> | undefined;
  #end = Promise.withResolvers<void>();

  constructor(options: JobOptions) {
    this.id = options.id;
    this.operation = options.operation;
    this.correlationId = options.correlationId;
    this.log = new EventLog(options.log);
    this.#unwatchedLimitMs = options.unwatchedLimitMs;
    this.#watchForReaders();
  }

  get state(): JobState {
    return this.#state;
  }

  /** Aborts when the job is to end early: a {@linkcode CancelRequest}, or the error of a limit. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Resolves when the job has ended, however. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** Takes a queued job to `running`. Returns false when it has already ended. */
  start(): boolean {
    if (!canBecome(this.#state, "running")) return false;
    this.#state = "running";
    this.#startedAt = timestamp();
    return true;
  }

  /**
   * Asks the job to end. A queued one is cancelled at once, a running one when its handler has let
   * go of everything. Returns false when it has already ended; asking twice is fine.
   */
  cancel(reason: string): boolean {
    if (hasEnded(this.#state)) return false;
    this.#abort.abort(new CancelRequest(reason));
    if (this.#state === "queued") this.finishCancelled(reason);
    return true;
  }

  /** Makes the job's signal abort with an error, which then becomes the job's own. */
  fail(error: RbeeError): void {
    this.#abort.abort(error);
  }

  finishDone(result: JobResult): void {
    this.#finish("done", { type: "done", ...result });
    this.#result = result.result;
  }

  finishError(thrown: unknown): void {
    const { code, message, details } = toRbeeError(thrown);
    const error = { code, message, ...(details && { details }) };
    this.#finish("error", { type: "error", ...error });
    this.#error = error;
  }

  finishCancelled(reason: string): void {
    this.#finish("cancelled", { type: "cancelled", reason });
  }

  /** Counts a reader of the stream; call what it returns when the reader has gone. */
  addReader(): () => void {
    this.#readers++;
    clearTimeout(this.#unwatchedTimer);
    let gone = false;
    return () => {
      if (gone) return;
      gone = true;
      this.#readers--;
      this.#watchForReaders();
    };
  }

  /** What is told about the job over HTTP. */
  view(): JobView {
    return {
      job_id: this.id,
      operation: this.operation,
      state: this.#state,
      created_at: this.createdAt,
      started_at: this.#startedAt,
      finished_at: this.#finishedAt,
      correlation_id: this.correlationId,
      last_seq: this.log.lastSeq,
      ...(this.#result === undefined ? {} : { result: this.#result }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  #finish(state: JobState, event: Extract<NewJobEvent, { type: TerminalEvent["type"] }>): void {
    if (!canBecome(this.#state, state)) {
      throw new RbeeError(
        "internal",
        `Job "${this.id}" cannot go from ${this.#state} to ${state}`,
      );
    }
    // First, since it throws for a result that is not JSON: the job must then still be able to fail.
    this.log.append(event);
    this.#state = state;
    this.#finishedAt = timestamp();
    clearTimeout(this.#unwatchedTimer);
    this.#end.resolve();
  }

  #watchForReaders(): void {
    const limitMs = this.#unwatchedLimitMs;
    if (limitMs === undefined || this.#readers > 0 || hasEnded(this.#state)) return;
    this.#unwatchedTimer = setTimeout(
      () => this.cancel(`nobody has read its stream for ${limitMs} ms`),
      limitMs,
    );
  }
}
