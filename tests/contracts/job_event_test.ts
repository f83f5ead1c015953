import assert from "node:assert/strict";
import { isTerminal, jobEventSchema } from "../../src/contracts/job_event.ts";
import { EVENTS } from "../helpers/sample_events.ts";
import { assertAccepts, assertRefuses } from "../helpers/schema_table.ts";

Deno.test("jobEventSchema takes every kind of event of the contract", () => {
  assertAccepts(jobEventSchema, EVENTS);
  const kinds = new Set<string>(EVENTS.map((event) => event.type));
  for (const { shape } of jobEventSchema.options) assert.ok(kinds.has(shape.type.value));
});

Deno.test("jobEventSchema refuses an event that has no place", () => {
  for (const event of EVENTS) {
    if (event.type === "gap") continue;
    const { seq: _seq, ...withoutSeq } = event;
    const { at: _at, ...withoutAt } = event;
    assertRefuses(jobEventSchema, [
      withoutSeq,
      withoutAt,
      { ...event, seq: 0 },
      { ...event, seq: 1.5 },
      { ...event, seq: "1" },
      { ...event, at: "yesterday" },
    ]);
  }
});

Deno.test("jobEventSchema refuses a gap that names no numbers", () => {
  assertRefuses(jobEventSchema, [
    { type: "gap" },
    { type: "gap", from: 0, to: 3 },
    { type: "gap", from: 1, to: "3" },
  ]);
});

Deno.test("jobEventSchema refuses an unknown type", () => {
  assertRefuses(jobEventSchema, [
    { type: "metrics", seq: 1, at: "2026-01-31T12:00:00.123Z" },
    { seq: 1, at: "2026-01-31T12:00:00.123Z" },
  ]);
});

Deno.test("isTerminal() holds for done, error and cancelled alone", () => {
  const terminal = new Set(EVENTS.filter(isTerminal).map((event) => event.type));
  assert.deepEqual([...terminal].sort(), ["cancelled", "done", "error"]);
  assert.equal(isTerminal({ type: "[DONE]" }), false);
});
