import assert from "node:assert/strict";
import type { NewJobEvent } from "../../../src/contracts/job_event.ts";
import { Job } from "../../../src/jobs/job.ts";
import { newJobId } from "../../../src/jobs/job_id.ts";
import { AnswerReader } from "../../../src/queen/openai/answer_reader.ts";

const CALL = { id: "one", type: "function", function: { name: "honey", arguments: "{}" } };

function runningJob(): Job {
  const job = new Job({
    id: newJobId(),
    operation: "infer",
    correlationId: crypto.randomUUID(),
    log: { maxBytes: 64 * 1024 },
  });
  job.start();
  return job;
}

const token = (text: string, i: number): NewJobEvent => ({ type: "token", text, i });

const narration: NewJobEvent = {
  type: "narration",
  actor: "worker",
  action: "model_load",
  human: "Loading",
  level: "info",
  formatted: "[worker    ] model_load     : Loading",
};

Deno.test("AnswerReader.read() gives all that has come since the last time, texts that touch as one", () => {
  const job = runningJob();
  const reader = new AnswerReader(job);
  assert.deepEqual(reader.read(), []);
  job.log.append(token("one", 0));
  job.log.append(narration);
  job.log.append(token(" two", 1));
  assert.deepEqual(reader.read(), [{ type: "text", text: "one two" }]);
  assert.deepEqual(reader.read(), []);
  job.log.append({ type: "data", name: "tool_calls", value: [CALL] });
  job.log.append({ type: "data", name: "something_else", value: 1 });
  job.log.append(token("three", 2));
  assert.equal(reader.ended, false);
  const usage = { prompt_tokens: 1, completion_tokens: 3 };
  job.finishDone({ result: null, usage, finish_reason: "length" });
  assert.deepEqual(reader.read(), [
    { type: "tool_calls", calls: [CALL] },
    { type: "text", text: "three" },
    { type: "done", usage, finishReason: "length", result: null },
  ]);
  assert.equal(reader.ended, true);
  assert.deepEqual(reader.read(), []);
});

Deno.test("AnswerReader.read() gives narration in its place where it is wanted", () => {
  const job = runningJob();
  const reader = new AnswerReader(job, { narration: true });
  job.log.append(token("one", 0));
  job.log.append(narration);
  job.log.append(token("two", 1));
  assert.deepEqual(reader.read().map(({ type }) => type), ["text", "narration", "text"]);
  job.cancel("the test is over");
  job.finishCancelled("the test is over");
});

Deno.test("AnswerReader.read() fails an answer of which a piece is gone, at once and for good", () => {
  const job = runningJob();
  const reader = new AnswerReader(job);
  for (let i = 0; i < 300; i++) job.log.append(token("b".repeat(1000), i));
  const [part] = reader.read();
  assert.ok(part?.type === "failed");
  assert.equal(part.error.code, "answer_incomplete");
  assert.ok(part.error.message.includes(`rbee job watch ${job.id}`));
  assert.equal(reader.ended, true);
  job.finishDone({ result: null });
  assert.deepEqual(reader.read(), []);
});

Deno.test("AnswerReader.read() fails an answer whose pieces do not follow each other", () => {
  const job = runningJob();
  const reader = new AnswerReader(job);
  job.log.append(token("one", 0));
  job.log.append(token("three", 2));
  assert.deepEqual(reader.read().map(({ type }) => type), ["text", "failed"]);
  job.finishDone({ result: null });
});

Deno.test("AnswerReader.read() fails with the job, or with calls that are none", () => {
  const failing = runningJob();
  const failed = new AnswerReader(failing);
  failing.finishError(new Error("oh"));
  const [end] = failed.read();
  assert.ok(end?.type === "failed");
  assert.equal(end.error.code, "internal");
  const calling = runningJob();
  const called = new AnswerReader(calling);
  calling.log.append({ type: "data", name: "tool_calls", value: [{ id: 7 }] });
  const [bad] = called.read();
  assert.ok(bad?.type === "failed");
  assert.equal(bad.error.code, "bad_answer");
  calling.finishDone({ result: null });
});
