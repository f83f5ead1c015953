import type { Context } from "hono";
import { TurnGate } from "../base/turn_gate.ts";
import { countStream } from "./limit_requests.ts";
import { KEEPALIVE_COMMENT } from "../sse/encode_event.ts";
import { type Caller, callerOf } from "./caller.ts";

/** What an event stream is read from. */
export interface EventSource {
  /** The next bytes, whole events; undefined when there is nothing now. */
  read(): Uint8Array | undefined;
  /** Whether the last event has been read. */
  readonly ended: boolean;
  /** Resolves true when there may be more, false after `timeoutMs` or when `signal` aborts. */
  wait(options: { timeoutMs: number; signal: AbortSignal }): Promise<boolean>;
}

/** A source that can be waited for together with others. */
export interface MergeableSource extends EventSource {
  /** Whether there may be something now: who waits would not. */
  readonly hasMore: boolean;
  /** Calls `wake` once there may be more than now. Returns what takes it back. */
  onMore(wake: () => void): () => void;
}

/** How an event stream is sent. */
export interface EventStreamOptions {
  /** Sent before the first event. */
  head?: string;
  /** Milliseconds of silence until a comment is sent. Default 15,000. */
  keepaliveMs?: number;
  /** Called once when the stream ends or its reader has gone. */
  onClose?: () => void;
}

// Readers share their loop with who writes the events: a hundred of them, each asking for more as soon
// as it has sent what it had, would leave a writer a seventh of its speed.
const gate = new TurnGate({ perTurn: 8 });
const encoder = new TextEncoder();
const KEEPALIVE = encoder.encode(KEEPALIVE_COMMENT);

/**
 * Sends an event source as `text/event-stream` until its end. The reader sets the pace: nothing is
 * queued for it, since the source holds the events and the reader's cursor is all there is. It is cut
 * when the token that asked for it is revoked.
 *
 * @throws {RbeeError} `too_many_streams` If it has not been counted by `countStream` and cannot be.
 */
export function eventStreamResponse(
  c: Context,
  source: EventSource,
  options: EventStreamOptions = {},
): Response {
  countStream(c);
  const timeoutMs = options.keepaliveMs ?? 15_000;
  c.header("Content-Type", "text/event-stream; charset=utf-8");
  c.header("Cache-Control", "no-store");
  c.header("X-Accel-Buffering", "no");
  if (c.req.method === "HEAD") {
    // Nobody will ever read or cancel the body of such an answer.
    options.onClose?.();
    return c.body(null);
  }
  return c.body(readableOf(source, options, { timeoutMs, onRevoked: callerOf(c).onRevoked }));
}

/** Pulls from the source when the connection has room for more, and at no other time. */
function readableOf(
  source: EventSource,
  options: EventStreamOptions,
  how: { timeoutMs: number; onRevoked: Caller["onRevoked"] },
): ReadableStream<Uint8Array> {
  const { timeoutMs, onRevoked } = how;
  const gone = new AbortController();
  let forget = () => {};
  const close = () => {
    forget();
    options.onClose?.();
  };
  let head = options.head;
  const next = async (): Promise<Uint8Array | undefined> => {
    if (head !== undefined) {
      const bytes = encoder.encode(head);
      head = undefined;
      return bytes;
    }
    for (;;) {
      await gate.enter();
      const bytes = source.read();
      if (bytes !== undefined) return bytes;
      if (source.ended || gone.signal.aborted) return undefined;
      const more = await source.wait({ timeoutMs, signal: gone.signal });
      if (!more && !gone.signal.aborted) return KEEPALIVE;
    }
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      forget = onRevoked?.(() => {
        gone.abort();
        // Not closed: an end that looks like one would be taken for the whole of it.
        controller.error(new Error("the token of this stream has been revoked"));
        options.onClose?.();
      }) ?? forget;
    },
    async pull(controller) {
      const bytes = await next();
      if (gone.signal.aborted) return;
      if (bytes !== undefined) return controller.enqueue(bytes);
      close();
      controller.close();
    },
    cancel() {
      gone.abort();
      close();
    },
  }, { highWaterMark: 0 });
}
