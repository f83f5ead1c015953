import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import type { JsonValue } from "../../src/contracts/json_value.ts";

/** The result of a job that ended well; fails with its end where it did not. */
export function resultOf(events: readonly JobEvent[]): JsonValue {
  const end = events.at(-1);
  assert.ok(end?.type === "done", JSON.stringify(end));
  return end.result;
}

/** The error that a job ended with; fails with its end where that was no error. */
export function errorOf(events: readonly JobEvent[]) {
  const end = events.at(-1);
  assert.ok(end?.type === "error", JSON.stringify(end));
  return end;
}
