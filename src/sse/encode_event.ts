import type { NewJobEvent } from "../contracts/job_event.ts";

/** How long a client waits before it reconnects, said once at the begin of a stream. */
export const RETRY_MS = 1000;

/** The first bytes of every typed stream. */
export const STREAM_HEAD = `retry: ${RETRY_MS}\n\n`;

/** A comment that keeps idle connections open. */
export const KEEPALIVE_COMMENT = ": keepalive\n\n";

/**
 * Writes one event of a job as server-sent events do: `id`, `event`, and one `data` line of JSON.
 * JSON escapes line ends, so nothing that an event holds can end it or begin another.
 * See https://html.spec.whatwg.org/multipage/server-sent-events.html.
 */
export function encodeEvent(seq: number, at: string, event: NewJobEvent): string {
  // An event from another log brings that log's own place along.
  const { type, at: _at, seq: _seq, ...data } = event as NewJobEvent & { seq?: number };
  const rest = JSON.stringify(data);
  const comma = rest.length > 2 ? "," : "";
  return `id: ${seq}\nevent: ${type}\ndata: {"seq":${seq},"at":"${at}"${comma}${rest.slice(1)}\n\n`;
}

/** Writes the gap that one reader meets: its `id` is the last number that is gone. */
export function encodeGap(from: number, to: number): string {
  return `id: ${to}\nevent: gap\ndata: {"from":${from},"to":${to}}\n\n`;
}
