import type { Context } from "hono";
import { stream } from "hono/streaming";
import { KEEPALIVE_COMMENT } from "../sse/encode_event.ts";

/** What an event stream is read from. */
export interface EventSource {
  /** The next bytes, whole events; undefined when there is nothing now. */
  read(): Uint8Array | undefined;
  /** Whether the last event has been read. */
  readonly ended: boolean;
  /** Resolves true when there may be more, false after `timeoutMs` or when `signal` aborts. */
  wait(options: { timeoutMs: number; signal: AbortSignal }): Promise<boolean>;
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

const encoder = new TextEncoder();
const KEEPALIVE = encoder.encode(KEEPALIVE_COMMENT);

/**
 * Sends an event source as `text/event-stream` until its end. The reader sets the pace: nothing is
 * queued for it, since the source holds the events and the reader's cursor is all there is.
 */
export function eventStreamResponse(
  c: Context,
  source: EventSource,
  options: EventStreamOptions = {},
): Response {
  const timeoutMs = options.keepaliveMs ?? 15_000;
  c.header("Content-Type", "text/event-stream; charset=utf-8");
  c.header("Cache-Control", "no-store");
  c.header("X-Accel-Buffering", "no");
  if (c.req.method === "HEAD") {
    // Nobody will ever read or cancel the body of such an answer.
    options.onClose?.();
    return c.body(null);
  }
  return stream(c, async (out) => {
    const gone = new AbortController();
    out.onAbort(() => gone.abort());
    try {
      if (options.head !== undefined) await out.write(options.head);
      while (!gone.signal.aborted) {
        const bytes = source.read();
        if (bytes !== undefined) await out.write(bytes);
        else if (source.ended) break;
        else if (!await source.wait({ timeoutMs, signal: gone.signal })) {
          if (!gone.signal.aborted) await out.write(KEEPALIVE);
        }
      }
    } finally {
      options.onClose?.();
    }
  });
}
