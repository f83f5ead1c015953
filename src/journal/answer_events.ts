import type { JobRecord } from "../contracts/job_record.ts";
import type { NewJobEvent } from "../contracts/job_event.ts";
import type { JsonValue } from "../contracts/json_value.ts";
import { encodeEvent } from "../sse/encode_event.ts";
import { splitEvents } from "../sse/split_events.ts";

const ANSWERING = new Set(["infer", "embed"]);
// Who answered. What it answered may have any other name.
const KEPT_MEMBERS = ["model", "hive", "worker_id"];

/** Whether a job of this operation answers a person, so that its `data` and its result are theirs. */
export function isAnswering(operation: string): boolean {
  return ANSWERING.has(operation);
}

/** What is kept of a job without its answer: its result tells who gave it, and nothing else. */
export function recordWithoutAnswer(record: JobRecord): JobRecord {
  const { job } = record;
  if (job.result === undefined || !isAnswering(job.operation)) return record;
  return { ...record, job: { ...job, result: withoutAnswer(job.result) } };
}

/** The same `done` event without the answer in its result. `bytes` are those of this event alone. */
export function doneWithoutAnswer(bytes: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  const parts = [...splitEvents(bytes)].map((event) => {
    if (event.type !== "done") return "";
    const end: NewJobEvent = { ...event, result: withoutAnswer(event.result) };
    return encodeEvent(event.seq, event.at, end);
  });
  return encoder.encode(parts.join(""));
}

function withoutAnswer(result: JsonValue): JsonValue {
  if (typeof result !== "object" || result === null || Array.isArray(result)) return null;
  return Object.fromEntries(
    Object.entries(result).filter(([name, value]) =>
      KEPT_MEMBERS.includes(name) && typeof value === "string"
    ),
  );
}
