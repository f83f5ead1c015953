import type { EventLog } from "../../src/jobs/event_log.ts";

/** Resolves with the first captured line of a log that begins so; rejects when the log ends without. */
export async function loggedLine(log: EventLog, begin: string): Promise<string> {
  for await (const event of log.cursor().events()) {
    if (event.type === "log" && event.line.startsWith(begin)) return event.line;
  }
  throw new Error(`the log ended without a line that begins with "${begin}"`);
}
