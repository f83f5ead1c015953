import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { type JobView, jobViewSchema } from "../../src/contracts/job.ts";
import { isTerminal } from "../../src/contracts/job_event.ts";
import { CancelRequest, Job, type JobOptions } from "../../src/jobs/job.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { logEvents } from "../helpers/log_events.ts";

function newJob(options: Pick<JobOptions, "unwatchedLimitMs" | "tally"> = {}): Job {
  return new Job({
    id: newJobId(),
    operation: "x",
    correlationId: crypto.randomUUID(),
    ...options,
  });
}

Deno.test("Job has its log from birth", () => {
  const job = newJob();
  assert.equal(job.state, "queued");
  assert.equal(job.log.lastSeq, 0);
  assert.equal(job.log.append({ type: "token", text: "early", i: 0 }), 1);
  const [event] = logEvents(job.log);
  assert.ok(event?.type === "token");
  assert.equal(event.text, "early");
});

Deno.test("Job.finishDone() appends the terminal event in the step that ends the job", async () => {
  const job = newJob();
  job.start();
  const result = { answer: [1, "two", null] };
  const usage = { prompt_tokens: 3, completion_tokens: 5 };
  job.finishDone({ result, usage, finish_reason: "length" });
  assert.equal(job.state, "done");
  assert.equal(job.log.ended, true);
  const [event, ...rest] = logEvents(job.log);
  assert.ok(event?.type === "done");
  assert.deepEqual(event, {
    type: "done",
    seq: 1,
    at: event.at,
    result,
    usage,
    finish_reason: "length",
  });
  assert.deepEqual(rest, []);
  await job.ended;
});

Deno.test("Job.finishDone() with a null result writes null", () => {
  const job = newJob();
  job.start();
  job.finishDone({ result: null });
  const [event] = logEvents(job.log);
  assert.ok(event?.type === "done");
  assert.equal(event.result, null);
  assert.equal(job.view().result, null);
});

Deno.test("Job.finishError() keeps code, message and details of an RbeeError", () => {
  const job = newJob();
  job.start();
  job.finishError(new RbeeError("model_not_found", "No such model", { details: { model: "m" } }));
  const [event] = logEvents(job.log);
  assert.ok(event?.type === "error");
  const { code, message, details } = event;
  const expected = { code: "model_not_found", message: "No such model", details: { model: "m" } };
  assert.deepEqual({ code, message, details }, expected);
  assert.deepEqual(job.view().error, expected);
});

for (
  const [what, thrown, message] of [
    ["an Error", new TypeError("x is undefined"), "Internal error: x is undefined"],
    ["a string", "out of luck", "Internal error: out of luck"],
    ["undefined", undefined, "Internal error: undefined"],
  ] as const
) {
  Deno.test(`Job.finishError() makes ${what} an internal error without its stack`, () => {
    const job = newJob();
    job.start();
    job.finishError(thrown);
    assert.deepEqual(job.view().error, { code: "internal", message });
  });
}

Deno.test("Job has exactly one terminal event, whatever is asked of it afterwards", () => {
  const job = newJob();
  job.start();
  job.finishCancelled("first");
  assert.throws(() => job.finishDone({ result: 1 }), RbeeError);
  assert.throws(() => job.finishError(new Error("late")), RbeeError);
  assert.throws(() => job.finishCancelled("again"), RbeeError);
  assert.equal(job.cancel("too late"), false);
  job.fail(new RbeeError("timeout", "too late"));
  const events = logEvents(job.log);
  assert.equal(events.filter(isTerminal).length, 1);
  assert.ok(events[0]?.type === "cancelled");
  assert.equal(events[0].reason, "first");
  assert.equal(job.view().result, undefined);
  assert.equal(job.view().error, undefined);
});

Deno.test("Job refuses what is appended after its end", () => {
  const job = newJob();
  job.start();
  job.finishDone({ result: null });
  assert.equal(job.log.append({ type: "token", text: "late", i: 0 }), undefined);
  assert.equal(job.log.append({ type: "cancelled", reason: "late" }), undefined);
  assert.equal(job.log.lastSeq, 1);
  assert.equal(job.view().last_seq, 1);
});

Deno.test("Job whose result cannot be written has not ended and can still fail", () => {
  const job = newJob();
  job.start();
  const circle: Record<string, JobView["result"]> = {};
  circle["self"] = circle as unknown as JobView["result"];
  assert.throws(() => job.finishDone({ result: circle as unknown as string }), TypeError);
  assert.equal(job.state, "running");
  job.finishError(new RbeeError("internal", "The result cannot be written"));
  assert.equal(job.state, "error");
  assert.equal(job.view().result, undefined);
  assert.deepEqual(logEvents(job.log).map((event) => event.type), ["error"]);
});

Deno.test("Job.cancel() cancels a queued job at once, and it can never start", async () => {
  const job = newJob();
  assert.equal(job.cancel("not wanted"), true);
  assert.equal(job.state, "cancelled");
  assert.equal(job.start(), false);
  assert.equal(job.view().started_at, null);
  await job.ended;
  const [event, ...rest] = logEvents(job.log);
  assert.ok(event?.type === "cancelled");
  assert.equal(event.reason, "not wanted");
  assert.deepEqual(rest, []);
});

Deno.test("Job.cancel() asks a running job and leaves its end to who runs it", () => {
  const job = newJob();
  job.start();
  assert.equal(job.cancel("enough"), true);
  assert.equal(job.state, "running");
  assert.ok(job.signal.reason instanceof CancelRequest);
  assert.equal(job.signal.reason.message, "enough");
  assert.equal(job.cancel("and again"), true);
  assert.equal(job.signal.reason.message, "enough");
  assert.deepEqual(logEvents(job.log), []);
  job.finishCancelled("enough");
  assert.equal(job.cancel("third"), false);
});

Deno.test("Job.fail() aborts the signal with the error and ends nothing itself", () => {
  const job = newJob();
  job.start();
  const error = new RbeeError("timeout", "too long");
  job.fail(error);
  assert.equal(job.signal.reason, error);
  assert.equal(job.state, "running");
  job.cancel("later");
  assert.equal(job.signal.reason, error);
});

Deno.test("Job.view() tells the times as they come and fits the contract", () => {
  const job = newJob();
  const queued = jobViewSchema.parse(job.view());
  assert.equal(queued.state, "queued");
  assert.equal(queued.started_at, null);
  assert.equal(queued.finished_at, null);
  assert.equal(queued.last_seq, 0);
  job.start();
  const running = jobViewSchema.parse(job.view());
  assert.equal(running.state, "running");
  assert.notEqual(running.started_at, null);
  assert.equal(running.finished_at, null);
  job.finishDone({ result: { ok: true } });
  const done = jobViewSchema.parse(job.view());
  assert.deepEqual(Object.keys(done), [
    "job_id",
    "operation",
    "state",
    "created_at",
    "started_at",
    "finished_at",
    "correlation_id",
    "last_seq",
    "result",
  ]);
  assert.ok(done.created_at <= done.started_at! && done.started_at! <= done.finished_at!);
  assert.equal(done.started_at, running.started_at);
  assert.equal(done.last_seq, 1);
});

Deno.test("Job with an unwatched limit is cancelled when nobody reads it for so long", async () => {
  const job = newJob({ unwatchedLimitMs: 10 });
  await job.ended;
  assert.equal(job.state, "cancelled");
  const [event] = logEvents(job.log);
  assert.ok(event?.type === "cancelled");
  assert.equal(event.reason, "nobody has read its stream for 10 ms");
});

Deno.test("Job with an unwatched limit asks its running work to end", async () => {
  const job = newJob({ unwatchedLimitMs: 10 });
  job.start();
  await new Promise((resolve) => job.signal.addEventListener("abort", resolve));
  assert.ok(job.signal.reason instanceof CancelRequest);
  assert.equal(job.state, "running");
  job.finishCancelled(job.signal.reason.message);
});

Deno.test("Job with a reader is not cancelled by its unwatched limit", async () => {
  const watched = newJob({ unwatchedLimitMs: 10 });
  const release = watched.addReader();
  // A timer of the same length that begins later fires later.
  await newJob({ unwatchedLimitMs: 10 }).ended;
  assert.equal(watched.state, "queued");
  release();
  await watched.ended;
  assert.equal(watched.state, "cancelled");
});

Deno.test("Job counts a reader that says twice that it has gone once", async () => {
  const watched = newJob({ unwatchedLimitMs: 10 });
  const releaseFirst = watched.addReader();
  const releaseSecond = watched.addReader();
  releaseFirst();
  releaseFirst();
  await newJob({ unwatchedLimitMs: 10 }).ended;
  assert.equal(watched.state, "queued");
  releaseSecond();
  await watched.ended;
});

Deno.test("Job gives back a reader that counts until its end, and those that read on stay", async () => {
  const tally = { readers: 0, lostEvents: 0 };
  const job = newJob({ tally });
  const leaveWatch = job.addReader({ untilEnd: true });
  const leaveStream = job.addReader();
  job.addReader({ untilEnd: true })();
  assert.equal(tally.readers, 2);
  job.start();
  job.finishDone({ result: null });
  assert.equal(tally.readers, 1);
  leaveWatch();
  assert.equal(tally.readers, 1);
  leaveStream();
  job.addReader({ untilEnd: true });
  assert.equal(tally.readers, 0, "it had ended before");
  await job.ended;
});

Deno.test("Job that has ended keeps no timer when its last reader goes", async () => {
  const job = newJob({ unwatchedLimitMs: 60_000 });
  const release = job.addReader();
  job.start();
  job.finishDone({ result: null });
  release();
  await job.ended;
  assert.equal(job.state, "done");
});
