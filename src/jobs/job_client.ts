import { Backoff } from "../base/backoff.ts";
import { delay, untilAborted, within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { cancelAnswerSchema, jobListSchema, jobViewSchema } from "../contracts/job.ts";
import { type JobView, type SubmitAnswer, submitAnswerSchema } from "../contracts/job.ts";
import { isTerminal, type JobEvent, type TerminalEvent } from "../contracts/job_event.ts";
import { requestJson, unreachable } from "../http/api_client.ts";
import { EventConnection, SILENCE_LIMIT_MS } from "../http/event_connection.ts";
import { newJobId } from "./job_id.ts";

/** How a {@linkcode JobClient} treats a connection that is lost. */
export interface JobClientOptions {
  /** How long it tries to reach the role again before it gives up. Default 60,000. */
  patienceMs?: number;
  /** How long a submit is tried again while nobody answers. Default 0: it fails at once. */
  submitPatienceMs?: number;
  /** How long a stream may bring nothing at all, comments included. Default 45,000. */
  silenceLimitMs?: number;
  /** Told at each loss of the connection, before the next attempt. */
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
  readonly #silenceLimitMs: number;
  readonly #onReconnect: JobClientOptions["onReconnect"];

  constructor(baseUrl: string, options: JobClientOptions = {}) {
    this.baseUrl = baseUrl.replace(/\/+$/, "");
    this.#patienceMs = options.patienceMs ?? 60_000;
    this.#submitPatienceMs = options.submitPatienceMs ?? 0;
    this.#silenceLimitMs = options.silenceLimitMs ?? SILENCE_LIMIT_MS;
    this.#onReconnect = options.onReconnect;
  }

  /**
   * Submits an operation. A repeat, after an answer that was lost, is the same job.
   *
   * @throws {RbeeError} What the role answered, or `unreachable`.
   */
  async submit(body: OperationBody, options: SubmitOptions = {}): Promise<SubmitAnswer> {
    const { correlationId, unwatchedLimitMs, signal } = options;
    const job_id = options.jobId ?? newJobId();
    const request = {
      method: "POST" as const,
      body: {
        ...body,
        job_id,
        ...(unwatchedLimitMs === undefined ? {} : { unwatched_limit_ms: unwatchedLimitMs }),
      },
      headers: correlationId === undefined ? {} : { "X-Correlation-Id": correlationId },
      schema: submitAnswerSchema,
      signal,
    };
    const backoff = new Backoff({ firstMs: 50, maxMs: 2000, jitter: 0.2 });
    const deadlineMs = performance.now() + this.#submitPatienceMs;
    for (;;) {
      try {
        return await requestJson(`${this.baseUrl}/v1/jobs`, request);
      } catch (error) {
        const lost = error instanceof RbeeError && error.code === "unreachable";
        if (!lost || performance.now() >= deadlineMs) throw error;
        const waitMs = backoff.next();
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
    const backoff = new Backoff({ firstMs: 50, maxMs: 2000, jitter: 0.2 });
    let after = options.after ?? 0;
    let lostAtMs: number | undefined;
    for (;;) {
      let loss: RbeeError;
      const connection = new EventConnection({
        silenceLimitMs: this.#silenceLimitMs,
        signal: options.signal,
      });
      try {
        const path = `/v1/jobs/${encodeURIComponent(jobId)}/stream`;
        for await (const event of connection.open(this.baseUrl + path, after)) {
          const last = event.type === "gap" ? event.to : event.seq;
          // After a crash the end may bear a number that an event now lost had before.
          if (last <= after && !isTerminal(event)) continue;
          after = last;
          lostAtMs = undefined;
          backoff.reset();
          yield event;
          if (isTerminal(event)) return;
        }
        loss = new RbeeError(
          "unreachable",
          `${this.baseUrl} ended the stream before the job's end`,
        );
      } catch (error) {
        if (options.signal?.aborted) throw options.signal.reason;
        loss = asLoss(this.baseUrl, error);
      } finally {
        connection.close();
      }
      // Time during which the role was heard is none in which it was out of reach.
      lostAtMs = lostAtMs === undefined ? performance.now() : lostAtMs + connection.heardMs;
      if (performance.now() - lostAtMs > this.#patienceMs) {
        throw new RbeeError(
          "connection_lost",
          `${loss.message}; gave up after ${Math.round(this.#patienceMs / 1000)} s`,
          { cause: loss },
        );
      }
      const waitMs = backoff.next();
      this.#onReconnect?.({ error: loss, waitMs });
      await delay(waitMs, { signal: options.signal });
    }
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
    const job_id = await this.#submitUnlessLost(body, options);
    const giveUp = new AbortController();
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
      for await (const event of this.stream(job_id, { signal: giveUp.signal })) {
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
   * Submits, and returns the job's id. When the signal aborts meanwhile, the answer is still awaited for
   * a moment, so that the job can be cancelled and its end awaited.
   */
  async #submitUnlessLost(body: OperationBody, options: SubmitOptions): Promise<string> {
    const { signal } = options;
    const jobId = options.jobId ?? newJobId();
    const lost = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onAbort = () => {
      timer = setTimeout(() => lost.abort(signal?.reason), LOST_CANCEL_MS);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return (await this.submit(body, { ...options, jobId, signal: lost.signal })).job_id;
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

/** Tells a connection that may come back from an answer that asking again cannot change. */
function asLoss(baseUrl: string, error: unknown): RbeeError {
  if (!(error instanceof RbeeError)) return unreachable(baseUrl, error);
  if (error.code === "unreachable" || error.code === "hive_unreachable") return error;
  throw error;
}
