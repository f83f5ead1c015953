import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { timestamp } from "../base/timestamp.ts";
import type { JobState, JobView } from "../contracts/job.ts";
import type { DelegatedJob, JobRecord } from "../contracts/job_record.ts";
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

/** What is counted of the streams of jobs, of all of them in one. */
export interface StreamTally {
  /** How many read now. */
  readers: number;
  /** Events that readers wanted and that were no longer kept. */
  lostEvents: number;
}

/** What a job is made of. */
export interface JobOptions {
  id: string;
  operation: string;
  correlationId: string;
  /** The model that its request names, as it may be shown; undefined: none. */
  model?: string | undefined;
  /** The id of the token that it was submitted with; undefined: the person's own. */
  owner?: string | undefined;
  /** Cancelled after so many milliseconds without a reader; undefined: never. */
  unwatchedLimitMs?: number | undefined;
  log?: EventLogOptions;
  /** What a process before this one kept of it. */
  kept?: JobView | undefined;
  /** Where its readers are counted. Default: nowhere. */
  tally?: StreamTally | undefined;
  /** Called with what must be kept, each time it changes. */
  onRecord?: ((record: JobRecord) => void) | undefined;
  /** Called when it begins to run. */
  onStart?: ((job: Job) => void) | undefined;
}

/**
 * One piece of work and its event log. Owns its state, enforces the order of states, and appends the
 * terminal event in the same step in which it takes its last state.
 */
export class Job {
  readonly id: string;
  readonly operation: string;
  readonly correlationId: string;
  /** The model that its request names, as it may be shown; undefined: none. */
  readonly model: string | undefined;
  /** The id of the token that it was submitted with; undefined: the person's own. */
  readonly owner: string | undefined;
  readonly log: EventLog;
  readonly createdAt: string;
  readonly #abort = new AbortController();
  readonly #unwatchedLimitMs: number | undefined;
  readonly #onRecord: JobOptions["onRecord"];
  readonly #onStart: JobOptions["onStart"];
  readonly #tally: StreamTally | undefined;
  readonly #delegated = new Map<string, DelegatedJob>();
  #state: JobState = "queued";
  #traceId: string | undefined;
  #startedAt: string | null = null;
  #finishedAt: string | null = null;
  #result: JobView["result"];
  #end: NewJobEvent | undefined;
  #error: JobView["error"];
  #readers = 0;
  /** Gives back the readers that count no longer than the job runs. */
  readonly #atEnd = new Set<() => void>();
  #unwatchedTimer: ReturnType<typeof setTimeout> | undefined;
  #ended = Promise.withResolvers<void>();

  constructor(options: JobOptions) {
    this.id = options.id;
    this.operation = options.operation;
    this.correlationId = options.correlationId;
    this.model = options.model ?? options.kept?.model;
    this.owner = options.owner;
    const { tally } = options;
    this.#tally = tally;
    this.log = new EventLog({
      ...options.log,
      lostEnd: () => this.#terminalEvent(),
      ...(tally && { onLost: (events: number) => void (tally.lostEvents += events) }),
    });
    this.#unwatchedLimitMs = options.unwatchedLimitMs;
    this.#onRecord = options.onRecord;
    this.#onStart = options.onStart;
    this.createdAt = options.kept?.created_at ?? timestamp();
    if (options.kept === undefined) {
      this.#onRecord?.(this.record());
    } else {
      const { state, started_at, finished_at, result, error } = options.kept;
      this.#state = state;
      this.#traceId = options.kept.trace_id;
      this.#startedAt = started_at;
      this.#finishedAt = finished_at;
      this.#result = result;
      this.#error = error;
    }
    if (hasEnded(this.#state)) this.#ended.resolve();
    this.#watchForReaders();
  }

  get state(): JobState {
    return this.#state;
  }

  /** When it ended; null before that. */
  get finishedAt(): string | null {
    return this.#finishedAt;
  }

  /** How many tokens it took, of a job of this process that was done and tells it. */
  get usage(): Usage | undefined {
    return this.#end?.type === "done" ? this.#end.usage : undefined;
  }

  /** Aborts when the job is to end early: a {@linkcode CancelRequest}, or the error of a limit. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Resolves when the job has ended, however. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Takes a queued job to `running`. Returns false when it has already ended.
   *
   * @param options.traceId The trace that its spans are of. Default: there is none.
   */
  start(options: { traceId?: string | undefined } = {}): boolean {
    if (!canBecome(this.#state, "running")) return false;
    this.#traceId = options.traceId;
    this.#state = "running";
    this.#startedAt = timestamp();
    this.#onStart?.(this);
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
    this.#finish("done", { type: "done", ...result }, () => this.#result = result.result);
  }

  finishError(thrown: unknown): void {
    const { code, message, details } = toRbeeError(thrown);
    const error = { code, message, ...(details && { details }) };
    this.#finish("error", { type: "error", ...error }, () => this.#error = error);
  }

  finishCancelled(reason: string): void {
    this.#finish("cancelled", { type: "cancelled", reason });
  }

  /**
   * Counts a reader of the stream; call what it returns when the reader has gone.
   *
   * @param options.untilEnd Whether it counts no more once the job has ended, since its stream goes on
   * with other things. Default false.
   */
  addReader(options: { untilEnd?: boolean } = {}): () => void {
    if (options.untilEnd && hasEnded(this.#state)) return () => {};
    this.#readers++;
    if (this.#tally !== undefined) this.#tally.readers++;
    clearTimeout(this.#unwatchedTimer);
    let gone = false;
    const leave = () => {
      if (gone) return;
      gone = true;
      this.#atEnd.delete(leave);
      this.#readers--;
      if (this.#tally !== undefined) this.#tally.readers--;
      this.#watchForReaders();
    };
    if (options.untilEnd) this.#atEnd.add(leave);
    return leave;
  }

  /**
   * Notes a job that runs elsewhere on behalf of this one, so that a process that starts after this one
   * has died can cancel it. Call what it returns when that job has ended.
   */
  delegate(elsewhere: DelegatedJob): () => void {
    this.#delegated.set(elsewhere.job_id, elsewhere);
    this.#onRecord?.(this.record());
    return () => {
      this.#delegated.delete(elsewhere.job_id);
    };
  }

  /** What is kept of the job beside its events. */
  record(): JobRecord {
    const { owner } = this;
    const delegated = [...this.#delegated.values()];
    return { job: this.view(), delegated, ...(owner !== undefined && { owner }) };
  }

  /** What is told about the job over HTTP. */
  view(): JobView {
    return {
      job_id: this.id,
      operation: this.operation,
      ...(this.model === undefined ? {} : { model: this.model }),
      state: this.#state,
      created_at: this.createdAt,
      started_at: this.#startedAt,
      finished_at: this.#finishedAt,
      correlation_id: this.correlationId,
      ...(this.#traceId === undefined ? {} : { trace_id: this.#traceId }),
      last_seq: this.log.lastSeq,
      ...(this.#result === undefined ? {} : { result: this.#result }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  #finish(
    state: JobState,
    event: Extract<NewJobEvent, { type: TerminalEvent["type"] }>,
    keepOutcome?: () => void,
  ): void {
    if (!canBecome(this.#state, state)) {
      throw new RbeeError(
        "internal",
        `Job "${this.id}" cannot go from ${this.#state} to ${state}`,
      );
    }
    // First, since it throws for a result that is not JSON: the job must then still be able to fail.
    this.log.append(event);
    this.#end = event;
    this.#state = state;
    this.#finishedAt = timestamp();
    keepOutcome?.();
    this.#delegated.clear();
    for (const leave of this.#atEnd) leave();
    clearTimeout(this.#unwatchedTimer);
    this.#onRecord?.(this.record());
    this.#ended.resolve();
  }

  /** Of a job that a process before this one ended, what was kept of it. */
  #terminalEvent(): NewJobEvent & { at: string } {
    const at = this.#finishedAt ?? this.createdAt;
    if (this.#end !== undefined) return { ...this.#end, at };
    if (this.#error !== undefined) return { type: "error", at, ...this.#error };
    if (this.#state === "done") return { type: "done", at, result: this.#result ?? null };
    return { type: "cancelled", at, reason: "the reason is no longer kept" };
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
