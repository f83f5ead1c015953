import { type JobEvent, jobEventSchema } from "../../src/contracts/job_event.ts";
import type { EventLog } from "../../src/jobs/event_log.ts";
import { splitEvents } from "../../src/sse/split_events.ts";

/** All events that a log holds now, each checked against the contract. */
export function logEvents(log: EventLog): JobEvent[] {
  const cursor = log.cursor();
  const events: JobEvent[] = [];
  for (let bytes = cursor.read(); bytes !== undefined; bytes = cursor.read()) {
    for (const event of splitEvents(bytes)) events.push(jobEventSchema.parse(event));
  }
  return events;
}
