import assert from "node:assert/strict";
import { RefusalCount } from "../../src/http/refusal_count.ts";
import { nextNarration } from "../helpers/next_narration.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";

function note(refusals: RefusalCount, code: string, count: number): void {
  for (let n = 0; n < count; n++) refusals.note(code);
}

Deno.test("RefusalCount says the first at once, and a flood in one line", async () => {
  using refusals = new RefusalCount({ everyMs: 50 });
  using recorded = new RecordedNarration();
  refusals.note("unauthorized");
  assert.deepEqual(recorded.records.map(({ human }) => human), [
    "Refused 1 request: unauthorized 1",
  ]);
  const summary = nextNarration("refused");
  note(refusals, "unauthorized", 9000);
  note(refusals, "rate_limit_exceeded", 1000);
  assert.equal(recorded.records.length, 1);
  const { human, level, fields } = await summary;
  assert.equal(human, "Refused 10000 requests: unauthorized 9000, rate_limit_exceeded 1000");
  assert.equal(level, "warn");
  assert.deepEqual(fields, { requests: 10_000, unauthorized: 9000, rate_limit_exceeded: 1000 });
});

Deno.test("RefusalCount says at its end what it has not said yet, and nothing more after that", () => {
  using recorded = new RecordedNarration();
  const refusals = new RefusalCount();
  note(refusals, "too_many_jobs", 3);
  refusals[Symbol.dispose]();
  note(refusals, "too_many_jobs", 3);
  assert.deepEqual(recorded.records.map(({ human }) => human), [
    "Refused 1 request: too_many_jobs 1",
    "Refused 2 requests: too_many_jobs 2",
  ]);
});

Deno.test("RefusalCount counts each code, and says no mistakes that who made them is told", () => {
  using recorded = new RecordedNarration();
  using refusals = new RefusalCount();
  note(refusals, "invalid_json", 2);
  note(refusals, "job_not_found", 1);
  assert.deepEqual([...refusals.totals], [["invalid_json", 2], ["job_not_found", 1]]);
  assert.deepEqual(recorded.records, []);
});

Deno.test("RefusalCount keeps 200 codes; those beyond are other", () => {
  using refusals = new RefusalCount();
  for (let n = 0; n < 300; n++) refusals.note(`code_${n}`);
  assert.equal(refusals.totals.size, 201);
  assert.equal(refusals.totals.get("other"), 100);
});
