import assert from "node:assert/strict";
import type { JobSummary } from "../../src/contracts/watch.ts";
import {
  countByState,
  durationMs,
  filterJobs,
  jobsWithText,
  withOlder,
} from "../../src/page/jobs/job_filter.ts";

const AT = "2026-01-31T12:00:00.000Z";

function job(number: number, others: Partial<JobSummary> = {}): JobSummary {
  return {
    job_id: `job-01a2076c-646b-7591-b7dd-${`${number}`.padStart(12, "0")}`,
    operation: "infer",
    model: "bee-tiny",
    state: "done",
    created_at: AT,
    started_at: AT,
    finished_at: AT,
    ...others,
  };
}

const FAILED = job(2, {
  operation: "worker_spawn",
  model: "hf:org/Large",
  state: "error",
  error: { code: "out_of_memory", message: "Memory ran out" },
});
const JOBS = [job(3, { state: "running" }), FAILED, job(1, { model: undefined })];

Deno.test("jobsWithText() finds jobs by id, operation, model, and error, in any case", () => {
  for (const text of ["000000000002", "WORKER_spawn", "large", "out_of", "ran OUT memory"]) {
    assert.deepEqual(jobsWithText(JOBS, text), [FAILED], text);
  }
  assert.deepEqual(jobsWithText(JOBS, "worker_spawn bee-tiny"), []);
  assert.deepEqual(jobsWithText(JOBS, "undefined"), []);
});

Deno.test("jobsWithText() finds all of them where nothing is looked for", () => {
  assert.equal(jobsWithText(JOBS, "  "), JOBS);
});

Deno.test("filterJobs() takes state and text together and keeps the order", () => {
  assert.deepEqual(filterJobs(JOBS, { state: "error", text: "" }), [FAILED]);
  assert.deepEqual(filterJobs(JOBS, { state: "done", text: "spawn" }), []);
  assert.deepEqual(filterJobs(JOBS, { state: undefined, text: "infer" }), [JOBS[0], JOBS[2]]);
});

Deno.test("countByState() counts each state, those that are not there as 0", () => {
  assert.deepEqual(countByState(JOBS), { queued: 0, running: 1, done: 1, error: 1, cancelled: 0 });
});

Deno.test("withOlder() has each job once, the newest first, as the live list knows it", () => {
  const live = [job(9), job(5, { state: "done" })];
  const older = [job(5, { state: "running" }), job(7), job(1)];
  const all = withOlder(live, older);
  assert.deepEqual(all.map(({ job_id }) => Number(job_id.slice(-12))), [9, 7, 5, 1]);
  assert.equal(all[2]?.state, "done");
});

Deno.test("withOlder() is the live list itself where nothing is older", () => {
  assert.equal(withOlder(JOBS, []), JOBS);
  assert.equal(withOlder(JOBS, [job(1)]), JOBS);
});

Deno.test("durationMs() counts to the end, or to now, and never backwards", () => {
  const nowMs = Date.parse(AT) + 5000;
  assert.equal(durationMs({ started_at: null, finished_at: null }, nowMs), undefined);
  assert.equal(durationMs({ started_at: AT, finished_at: null }, nowMs), 5000);
  const finished_at = "2026-01-31T12:00:01.500Z";
  assert.equal(durationMs({ started_at: AT, finished_at }, nowMs), 1500);
  assert.equal(durationMs({ started_at: finished_at, finished_at: AT }, nowMs), 0);
});
