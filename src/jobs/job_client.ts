import { Backoff } from "../base/backoff.ts";
import { delay, untilAborted, within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { cancelAnswerSchema, jobListSchema, jobViewSchema } from "../contracts/job.ts";
import { type JobView, type SubmitAnswer, submitAnswerSchema } from "../contracts/job.ts";
import { isTerminal, type JobEvent, type TerminalEvent } from "../contracts/job_event.ts";
import { requestJson, unreachable } from "../http/api_client.ts";
import { EventConnection, SILENCE_LIMIT_MS } from "../http/event_connection.ts";
import { followJob, type OpenedStream } from "./follow_job.ts";
import { askAgainInMs } from "./ask_again.ts";
import { newJobId } from "./job_id.ts";

/** How a {@linkcode JobClient} treats a connection that is lost. */
export interface JobClientOptions {
  /** How long it tries to reach the role again before it gives up. Default 60,000. */
  patienceMs?: number;
  /** How long a submit is tried again while nobody answers. Default 0: it fails at once. */
  submitPatienceMs?: number;
  /** How long a stream may bring nothing at all, comments included. Default 45,000. */
  silenceLimitMs?: number;
  /**
   * How long a submit is tried again while the role says that its limits are met, as often as it says.
   * Default 30,000.
   */
  limitPatienceMs?: number;
  /** Told at each loss of the connection, and where limits are met, before the next attempt. */
  onReconnect?: (loss: { error: RbeeError; waitMs: number }) => void;
}

/** How a job is submitted. */
export interface SubmitOptions {
  /** Default: a new one, so that a repeat after a lost answer is harmless. */
  jobId?: string;
  correlationId?: string | undefined;
  unwatchedLimitMs?: number;
  signal?: AbortSignal | undefined;
}

/** An operation as it is sent: its name and its fields. */
export type OperationBody = { operation: string } & Record<string, unknown>;

/** How long who has heard of the cancel may take to end the job. */
const CANCEL_PATIENCE_MS = 30_000;
/** How long somebody is looked for who is to hear of it. */
const LOST_CANCEL_MS = 3000;

/** Submits jobs to a role and reads their streams, over connections that may break. */
export class JobClient {
  /** The role's address, without a slash at its end. */
  readonly baseUrl: string;
  readonly #patienceMs: number;
  readonly #submitPatienceMs: number;
  readonly #limitPatienceMs: number;
  readonly #silenceLimitMs: number;
  readonly #onReconnect: JobClientOptions["onReconnect"];

  constructor(baseUrl: string, options: JobClientOptions = {}) {
    this.baseUrl = baseUrl.replace(/(?<!\/)\/+$/, "");
    this.#patienceMs = options.patienceMs ?? 60_000;
    this.#submitPatienceMs = options.submitPatienceMs ?? 0;
    this.#limitPatienceMs = options.limitPatienceMs ?? 30_000;
    this.#silenceLimitMs = options.silenceLimitMs ?? SILENCE_LIMIT_MS;
    this.#onReconnect = options.onReconnect;
  }

  /**
   * Submits an operation. A repeat, after an answer that was lost, is the same job.
   *
   * @throws {RbeeError} What the role answered, or `unreachable`.
   */
  async submit(body: OperationBody, options: SubmitOptions = {}): Promise<SubmitAnswer> {
    const { signal } = options;
    const submit = submitRequest(body, { ...options, jobId: options.jobId ?? newJobId() });
    const request = { method: "POST" as const, ...submit, schema: submitAnswerSchema, signal };
    return await this.#untilHeard(signal, () => requestJson(`${this.baseUrl}/v1/jobs`, request));
  }

  /**
   * Sends a submit, again and again within the patience while nobody answers, or who answers asks for
   * patience.
   */
  async #untilHeard<T>(signal: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
    const backoff = new Backoff({ firstMs: 50, maxMs: 2000, jitter: 0.2 });
    const startedMs = performance.now();
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof RbeeError)) throw error;
        const askedMs = askAgainInMs(error);
        if (askedMs === undefined && error.code !== "unreachable") throw error;
        const patienceMs = askedMs === undefined ? this.#submitPatienceMs : this.#limitPatienceMs;
        const spentMs = performance.now() - startedMs;
        if (spentMs + (askedMs ?? 0) >= patienceMs) throw error;
        const waitMs = askedMs ?? backoff.next();
        this.#onReconnect?.({ error, waitMs });
        await delay(waitMs, { signal });
      }
    }
  }

  /**
   * Reads a job's events after event `after` (default 0), in order, each once, to the terminal one.
   * A lost connection is taken up again where it broke. Stopping early does not cancel the job.
   *
   * @throws {RbeeError} `connection_lost` If the role cannot be reached again within the patience.
   * @throws {RbeeError} What the role answered, when asking again cannot help.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  async *stream(
    jobId: string,
    options: { after?: number; signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<JobEvent, void, void> {
    yield* followJob(this.baseUrl, jobId, { ...options, ...this.#following() });
  }

  #following() {
    const onReconnect = this.#onReconnect;
    return {
      patienceMs: this.#patienceMs,
      silenceLimitMs: this.#silenceLimitMs,
      ...(onReconnect && { onReconnect }),
    };
  }

  /**
   * Submits an operation and hands each event to `onEvent` in order, up to and with the terminal one,
   * which it returns. When `signal` aborts, the job is cancelled, and its end still awaited: for 30 s
   * where the role hears of it, for 3 s where it is out of reach.
   *
   * @throws {RbeeError} As {@linkcode JobClient.submit} and {@linkcode JobClient.stream} do.
   */
  async submitAndStream(
    body: OperationBody,
    onEvent: (event: JobEvent) => void | Promise<void>,
    options: SubmitOptions = {},
  ): Promise<TerminalEvent> {
    const { signal } = options;
    signal?.throwIfAborted();
    const { jobId: job_id, opened } = await this.#submitUnlessLost(body, options);
    const giveUp = new AbortController();
    giveUp.signal.addEventListener("abort", () => opened?.connection.close(), { once: true });
    let giveUpTimer: ReturnType<typeof setTimeout> | undefined;
    let cancelling: Promise<void> | undefined;
    const onAbort = () => {
      const giveUpIn = (ms: number) => {
        clearTimeout(giveUpTimer);
        giveUpTimer = setTimeout(() => giveUp.abort(signal?.reason), ms);
      };
      giveUpIn(LOST_CANCEL_MS);
      cancelling = this.#cancelWhenReachable(job_id, giveUp.signal).then(() => {
        if (!giveUp.signal.aborted) giveUpIn(CANCEL_PATIENCE_MS);
      });
    };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const following = { ...this.#following(), signal: giveUp.signal, ...(opened && { opened }) };
      for await (const event of followJob(this.baseUrl, job_id, following)) {
        await onEvent(event);
        if (isTerminal(event)) return event;
      }
    } finally {
      clearTimeout(giveUpTimer);
      signal?.removeEventListener("abort", onAbort);
      giveUp.abort();
      await cancelling;
    }
    throw new RbeeError("internal", `The stream of ${job_id} ended without a terminal event`);
  }

  /** Cancels a job. Its stream tells when it is over. */
  async cancel(jobId: string, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    await requestJson(this.#jobUrl(jobId), {
      method: "DELETE",
      schema: cancelAnswerSchema,
      signal: options.signal,
    });
  }

  /** What is known of a job. */
  get(jobId: string): Promise<JobView> {
    return requestJson(this.#jobUrl(jobId), { schema: jobViewSchema });
  }

  /** Jobs, newest first. */
  async list(options: { state?: string; limit?: number } = {}): Promise<JobView[]> {
    const query = new URLSearchParams();
    if (options.state !== undefined) query.set("state", options.state);
    if (options.limit !== undefined) query.set("limit", String(options.limit));
    const { jobs } = await requestJson(`${this.baseUrl}/v1/jobs?${query}`, {
      schema: jobListSchema,
    });
    return jobs;
  }

  /**
   * Submits, and returns the job's id and its stream, which is the answer. When the signal aborts meanwhile, the answer is still awaited for
   * a moment, so that the job can be cancelled and its end awaited.
   */
  async #submitUnlessLost(body: OperationBody, options: SubmitOptions) {
    const { signal } = options;
    const jobId = options.jobId ?? newJobId();
    const lost = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onAbort = () => {
      timer = setTimeout(() => lost.abort(signal?.reason), LOST_CANCEL_MS);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const submit = submitRequest(body, { ...options, jobId });
      const opened = await this.#untilHeard(lost.signal, () => this.#open(submit, lost.signal));
      return { jobId, opened };
    } catch (error) {
      // It may have been submitted all the same, and its answer lost.
      if (signal?.aborted) {
        await this.#cancelWhenReachable(jobId, AbortSignal.timeout(LOST_CANCEL_MS));
      }
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #open(
    { body, headers }: ReturnType<typeof submitRequest>,
    signal: AbortSignal,
  ): Promise<OpenedStream | undefined> {
    const connection = new EventConnection({ silenceLimitMs: this.#silenceLimitMs, signal });
    const url = `${this.baseUrl}/v1/jobs?stream=true`;
    try {
      const events = await connection.post(url, body, headers);
      if (events !== undefined) return { connection, events };
      connection.close();
      return undefined;
    } catch (error) {
      connection.close();
      signal.throwIfAborted();
      throw error instanceof RbeeError ? error : unreachable(url, error);
    }
  }

  /** Never rejects: what cannot be cancelled has ended, or its stream tells what is wrong. */
  async #cancelWhenReachable(jobId: string, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        return await this.cancel(jobId, { signal });
      } catch (error) {
        if (!(error instanceof RbeeError) || error.code !== "unreachable") return;
      }
      await within(untilAborted(signal), backoff.next());
    }
  }

  #jobUrl(jobId: string): string {
    return `${this.baseUrl}/v1/jobs/${encodeURIComponent(jobId)}`;
  }
}

/** What a submit is sent as. */
function submitRequest(body: OperationBody, options: SubmitOptions) {
  const { jobId: job_id, correlationId, unwatchedLimitMs: unwatched_limit_ms } = options;
  const headers: Record<string, string> = {};
  if (correlationId !== undefined) headers["X-Correlation-Id"] = correlationId;
  // What the body itself says stands where the options say nothing.
  const limit = unwatched_limit_ms === undefined ? {} : { unwatched_limit_ms };
  return { body: { ...body, job_id, ...limit }, headers };
}
