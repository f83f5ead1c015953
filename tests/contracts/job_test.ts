import {
  jobStateSchema,
  jobViewSchema,
  submitAnswerSchema,
  submitOptionsSchema,
} from "../../src/contracts/job.ts";
import { assertAccepts, assertRefuses } from "../helpers/schema_table.ts";

const ID = "job-0197c0de-0000-7000-8000-00000000abcd";
const AT = "2026-01-31T12:00:00.123Z";
const VIEW = {
  job_id: ID,
  operation: "infer",
  state: "queued",
  created_at: AT,
  started_at: null,
  finished_at: null,
  correlation_id: "0197c0de-0000-7000-8000-00000000abcd",
  last_seq: 0,
};

Deno.test("jobStateSchema knows the five states of the contract", () => {
  assertAccepts(jobStateSchema, ["queued", "running", "done", "error", "cancelled"]);
  assertRefuses(jobStateSchema, ["failed", "Running", ""]);
});

Deno.test("jobViewSchema takes a job before, during and after its run", () => {
  assertAccepts(jobViewSchema, [
    VIEW,
    { ...VIEW, state: "running", started_at: AT, last_seq: 5 },
    { ...VIEW, state: "done", started_at: AT, finished_at: AT, result: { text: "hi" } },
    { ...VIEW, state: "error", error: { code: "no_model", message: "No", details: { a: [1] } } },
    { ...VIEW, state: "done", result: null },
  ]);
});

Deno.test("jobViewSchema refuses a job without its times or with a wrong id", () => {
  assertRefuses(jobViewSchema, [
    { ...VIEW, created_at: null },
    { ...VIEW, started_at: undefined },
    { ...VIEW, job_id: "job-1" },
    { ...VIEW, last_seq: 1.5 },
    { ...VIEW, error: "text" },
  ]);
});

Deno.test("submitOptionsSchema takes an id of the submitter and a limit up to a day", () => {
  assertAccepts(submitOptionsSchema, [
    {},
    { job_id: ID },
    { unwatched_limit_ms: 1 },
    { unwatched_limit_ms: 86_400_000 },
  ]);
  assertRefuses(submitOptionsSchema, [
    { job_id: "mine" },
    { unwatched_limit_ms: 0 },
    { unwatched_limit_ms: 86_400_001 },
    { unwatched_limit_ms: "60" },
  ]);
});

Deno.test("submitAnswerSchema takes the answer of the contract", () => {
  assertAccepts(submitAnswerSchema, [{ job_id: ID, sse_url: `/v1/jobs/${ID}/stream` }]);
  assertRefuses(submitAnswerSchema, [{ job_id: ID }, { id: ID, sse_url: "/" }]);
});
