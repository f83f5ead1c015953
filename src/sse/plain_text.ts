import type { JobEvent } from "../contracts/job_event.ts";

/**
 * Writes one event in the plain dialect: `data:` with the narration line, the captured line or the
 * token's text, and last `[DONE]`, `[ERROR] message` or `[CANCELLED]`. Empty for a `data` event,
 * which has no plain form. Line ends inside a text become further `data:` lines.
 *
 * A token may read like a marker here; the typed dialect is the one that cannot be forged.
 */
export function encodePlainText(event: JobEvent): string {
  const text = plainTextOf(event);
  if (text === undefined) return "";
  return text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("") + "\n";
}

function plainTextOf(event: JobEvent): string | undefined {
  switch (event.type) {
    case "narration":
      return event.formatted;
    case "log":
      return event.line;
    case "token":
      return event.text;
    case "data":
      return undefined;
    case "gap":
      return `[GAP] ${event.from} to ${event.to}`;
    case "done":
      return "[DONE]";
    case "error":
      return `[ERROR] ${event.message}`;
    case "cancelled":
      return "[CANCELLED]";
  }
}
