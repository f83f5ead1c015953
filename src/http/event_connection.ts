import type { z } from "zod";
import { parseJson } from "../base/parse_json.ts";
import { RbeeError } from "../base/rbee_error.ts";
import type { JobEvent } from "../contracts/job_event.ts";
import { decodeEvents } from "../sse/decode_events.ts";
import { decodeMessages } from "../sse/decode_messages.ts";
import { authorizationFor } from "./bearer_tokens.ts";
import { trustFor } from "./trusted_authorities.ts";
import { errorFromResponse } from "./errors.ts";
import { readBody } from "./read_body.ts";
import { readText } from "./read_text.ts";

/** Three missed keepalive comments: the connection is dead though nothing has closed it. */
export const SILENCE_LIMIT_MS = 45_000;
const CHECKS_PER_LIMIT = 9;
const MAX_ERROR_BYTES = 1024 * 1024;

/** How an {@linkcode EventConnection} is made. */
export interface EventConnectionOptions {
  /** How long nothing at all may arrive, comments included. Default 45,000. */
  silenceLimitMs?: number;
  /** Ends the connection when it aborts. */
  signal?: AbortSignal | undefined;
}

/** What is asked for: a GET without a body, a POST with one. */
interface StreamRequest {
  after: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** One attempt to read an event stream. It ends when nothing at all arrives for too long. */
export class EventConnection {
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #silenceLimitMs: number;
  readonly #openedMs = performance.now();
  #lastChunkMs = this.#openedMs;
  #silenceTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: EventConnectionOptions = {}) {
    this.#silenceLimitMs = options.silenceLimitMs ?? SILENCE_LIMIT_MS;
    this.#signal = options.signal === undefined
      ? this.#abort.signal
      : AbortSignal.any([options.signal, this.#abort.signal]);
  }

  /** How long the other side was heard, from the begin to the last that came, in milliseconds. */
  get heardMs(): number {
    return this.#lastChunkMs - this.#openedMs;
  }

  /**
   * Reads the events after `after` until the stream ends, however it ends. Call once.
   *
   * @throws {RbeeError} What the role answered, `bad_answer` if that is no event stream, or
   * `bad_event`.
   * @throws {TypeError} If the connection cannot be made, or breaks.
   */
  async *open(url: string, after: number): AsyncGenerator<JobEvent, void, void> {
    yield* decodeEvents(await this.#connect(url, after));
  }

  /**
   * Sends a request as {@linkcode open} does, with a body as JSON, and resolves when the answer begins:
   * with its events until the stream ends, however it ends; with undefined where what was sent is
   * accepted (202) and its events are to be asked for elsewhere. Call once.
   *
   * @throws {RbeeError} What the role answered, or `bad_answer` if that is no event stream.
   * @throws {TypeError} If the connection cannot be made.
   */
  async post(
    url: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<AsyncGenerator<JobEvent, void, void> | undefined> {
    const chunks = await this.#send(url, { after: 0, body, headers });
    return chunks && decodeEvents(chunks);
  }

  /**
   * Reads the data of events of one type until the stream ends, however it ends; others are passed
   * over. Call once.
   *
   * @throws {RbeeError} What the role answered, `bad_answer` if that is no event stream, `bad_event` if
   * the data does not fit.
   * @throws {TypeError} If the connection cannot be made, or breaks.
   */
  async *data<S extends z.ZodType>(
    url: string,
    type: string,
    schema: S,
  ): AsyncGenerator<z.infer<S>, void, void> {
    for await (const { event, data } of decodeMessages(await this.#connect(url, 0))) {
      if (event !== type) continue;
      const parsed = schema.safeParse(parseJson(data));
      if (!parsed.success) {
        const issue = parsed.error.issues[0];
        const where = `${issue?.path.join(".")} ${issue?.message}`;
        throw new RbeeError("bad_event", `${url} sent a "${type}" that does not fit: ${where}`);
      }
      yield parsed.data;
    }
  }

  async #connect(url: string, after: number): Promise<AsyncIterable<Uint8Array>> {
    const chunks = await this.#send(url, { after });
    if (chunks !== undefined) return chunks;
    throw new RbeeError("bad_answer", `${url} answered without a stream; check that it is rbee's`);
  }

  async #send(
    url: string,
    { after, body, headers }: StreamRequest,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const checkMs = this.#silenceLimitMs / CHECKS_PER_LIMIT;
    let checkedMs = performance.now();
    this.#silenceTimer = setInterval(() => {
      const nowMs = performance.now();
      const wasStopped = nowMs - checkedMs > 2 * checkMs;
      checkedMs = nowMs;
      // What came while this process did not run has still to be read.
      if (wasStopped || nowMs - this.#lastChunkMs < this.#silenceLimitMs) return;
      this.#abort.abort(new RbeeError("unreachable", `${url} has been silent for too long`));
    }, checkMs);
    const response = await fetch(url, {
      ...trustFor(url),
      headers: {
        "Accept": "text/event-stream",
        ...authorizationFor(url),
        ...(after === 0 ? {} : { "Last-Event-ID": String(after) }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
      // No role sends anybody elsewhere; what is asked, and the token, are for this address alone.
      redirect: "manual",
      signal: this.#signal,
    });
    if (!response.ok || response.body === null) {
      const answer = { url, signal: this.#signal, maxBytes: MAX_ERROR_BYTES };
      throw errorFromResponse(response.status, await readText(response, answer), url);
    }
    if (response.status === 202) {
      await response.body.cancel();
      return undefined;
    }
    const type = response.headers.get("content-type") ?? "no type";
    if (!type.startsWith("text/event-stream")) {
      throw new RbeeError(
        "bad_answer",
        `${url} answered with ${type.slice(0, 80)}, not with a stream; check that it is rbee's`,
      );
    }
    return this.#chunks(response.body);
  }

  async *#chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of readBody(body, this.#signal)) {
      this.#lastChunkMs = performance.now();
      yield chunk;
    }
  }

  /** Lets go of the connection and its timer. Needed however {@linkcode open} has ended. */
  close(): void {
    clearInterval(this.#silenceTimer);
    this.#abort.abort();
  }
}
