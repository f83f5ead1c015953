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
  const rest = event.type === "narration" ? encodeNarration(event) : encodeRest(event);
  return `id: ${seq}\nevent: ${event.type}\ndata: {"seq":${seq},"at":"${at}"${rest}\n\n`;
}

/** All but the place, member by member: twice as fast as making an object without it. */
function encodeNarration(event: Extract<NewJobEvent, { type: "narration" }>): string {
  const { actor, action, human, level, job_id, correlation_id, fields, progress } = event;
  let text = `,"actor":${JSON.stringify(actor)},"action":${JSON.stringify(action)}`;
  text += `,"human":${JSON.stringify(human)},"level":"${level}"`;
  if (job_id !== undefined) text += `,"job_id":${JSON.stringify(job_id)}`;
  if (correlation_id !== undefined) text += `,"correlation_id":${JSON.stringify(correlation_id)}`;
  if (fields !== undefined) text += `,"fields":${JSON.stringify(fields)}`;
  if (progress !== undefined) text += `,"progress":${JSON.stringify(progress)}`;
  return `${text},"formatted":${JSON.stringify(event.formatted)}}`;
}

/** All but the place. An event from another log brings that log's own place along. */
function encodeRest(event: NewJobEvent & { seq?: number }): string {
  const { type: _type, at: _at, seq: _seq, ...data } = event;
  const rest = JSON.stringify(data);
  return (rest.length > 2 ? "," : "") + rest.slice(1);
}

/**
 * Writes a `log` event for each of `lines`, numbered from `seq`: the same as {@linkcode encodeEvent}
 * would, many times faster.
 */
export function encodeLogLines(
  seq: number,
  at: string,
  log: { actor: string; stream: "stdout" | "stderr"; lines: readonly string[] },
): string[] {
  const { actor, stream, lines } = log;
  const middle = '\nevent: log\ndata: {"seq":';
  const place = `,"at":"${at}","actor":${JSON.stringify(actor)},"stream":"${stream}","line":`;
  const plain = needNoEscapes(lines);
  return lines.map((line, i) => {
    const id = String(seq + i);
    const quoted = plain ? `"${line}"` : JSON.stringify(line);
    return `id: ${id}${middle}${id}${place}${quoted}}\n\n`;
  });
}

/** Whether JSON writes all `lines` as they are, between quotes. */
function needNoEscapes(lines: readonly string[]): boolean {
  let characters = 1;
  // Each with two quotes and a comma or bracket: an escape would make it longer.
  for (const line of lines) characters += line.length + 3;
  return JSON.stringify(lines).length === characters;
}

/** Writes the gap that one reader meets: its `id` is the last number that is gone. */
export function encodeGap(from: number, to: number): string {
  return `id: ${to}\nevent: gap\ndata: {"from":${from},"to":${to}}\n\n`;
}
