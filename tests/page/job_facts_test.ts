import assert from "node:assert/strict";
import type { JobView } from "../../src/contracts/job.ts";
import type { JobSummary } from "../../src/contracts/watch.ts";
import type { EndEntry } from "../../src/page/job_entry.ts";
import { factsOf } from "../../src/page/job/job_facts.ts";
import { tokensPerSecond } from "../../src/page/tokens_per_second.ts";

const AT = "2026-01-31T12:00:00.000Z";
const LATER = "2026-01-31T12:00:09.000Z";
const SUMMARY: JobSummary = {
  job_id: "job-01a2076c-646b-7591-b7dd-8b57c4a2f6ac",
  operation: "infer",
  model: "bee-tiny",
  state: "running",
  created_at: AT,
  started_at: AT,
  finished_at: null,
};
const VIEW: JobView = { ...SUMMARY, correlation_id: "id", last_seq: 3 };
const END: EndEntry = { kind: "end", seq: 4, lastSeq: 4, at: LATER, lastAt: LATER, state: "error" };

Deno.test("factsOf() knows nothing of a job of which nobody has told", () => {
  assert.equal(factsOf({ summary: undefined, view: undefined, end: END }), undefined);
});

Deno.test("factsOf() takes the end of the job before the list that does not know it yet", () => {
  const facts = factsOf({ summary: SUMMARY, view: VIEW, end: END });
  assert.equal(facts?.state, "error");
  assert.equal(facts?.finishedMs, Date.parse(LATER));
  assert.equal(facts?.correlationId, "id");
});

Deno.test("factsOf() takes the list where the answer is older, and the answer where it knows the end", () => {
  const queued: JobView = { ...VIEW, state: "queued", started_at: null };
  assert.equal(factsOf({ summary: SUMMARY, view: queued, end: undefined })?.state, "running");
  const done: JobView = { ...VIEW, state: "done", finished_at: LATER };
  const facts = factsOf({ summary: SUMMARY, view: done, end: undefined });
  assert.equal(facts?.state, "done");
  assert.equal(facts?.finishedMs, Date.parse(LATER));
});

Deno.test("factsOf() tells of a job that the list does not hold", () => {
  const facts = factsOf({ summary: undefined, view: VIEW, end: undefined });
  assert.equal(facts?.operation, "infer");
  assert.equal(facts?.startedMs, Date.parse(AT));
  assert.equal(facts?.finishedMs, undefined);
});

Deno.test("tokensPerSecond() does not count the first token, and needs two at different times", () => {
  const rate = (tokens: number, firstTokenMs?: number, lastTokenMs?: number) =>
    tokensPerSecond({ tokens, firstTokenMs, lastTokenMs });
  assert.equal(rate(11, 1000, 2000), 10);
  assert.equal(rate(1, 1000, 1000), undefined);
  assert.equal(rate(2, 1000, 1000), undefined);
  assert.equal(rate(0), undefined);
});
