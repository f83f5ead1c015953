import assert from "node:assert/strict";
import { correlationIdSchema, jobIdSchema } from "../../src/contracts/identifiers.ts";
import type { Job } from "../../src/jobs/job.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { FakeJournal } from "../helpers/fake_journal.ts";

const HOUR_MS = 3_600_000;

/** A job id of the time `ms`. */
function idOf(ms: number, tail = "0123456789ab"): string {
  const time = ms.toString(16).padStart(12, "0");
  return `job-${time.slice(0, 8)}-${time.slice(8)}-7abc-8def-${tail}`;
}

async function finish(job: Job, text = ""): Promise<void> {
  job.start();
  job.finishDone({ result: text });
  await job.ended;
}

Deno.test("JobRegistry.create() makes a queued job with an id, a correlation id and a log", () => {
  const registry = new JobRegistry();
  const { job, created } = registry.create({ operation: "infer" });
  assert.equal(created, true);
  assert.equal(job.state, "queued");
  assert.equal(job.operation, "infer");
  jobIdSchema.parse(job.id);
  correlationIdSchema.parse(job.correlationId);
  assert.equal(job.log.append({ type: "token", text: "", i: 0 }), 1);
  assert.equal(registry.get(job.id), job);
});

Deno.test("JobRegistry.create() with a known id gives the same job", async () => {
  const registry = new JobRegistry();
  const jobId = newJobId();
  const first = registry.create({ operation: "infer", jobId });
  const second = registry.create({ operation: "infer", jobId });
  assert.equal(first.created, true);
  assert.equal(second.created, false);
  assert.equal(second.job, first.job);
  await finish(first.job);
  assert.equal(registry.create({ operation: "infer", jobId }).job, first.job);
  assert.equal(registry.list().length, 1);
});

Deno.test("JobRegistry.create() keeps the correlation id it is given", () => {
  const correlationId = crypto.randomUUID();
  const { job } = new JobRegistry().create({ operation: "infer", correlationId });
  assert.equal(job.correlationId, correlationId);
});

Deno.test("JobRegistry.get() says that a job it never had is not found", () => {
  const registry = new JobRegistry();
  for (const id of [newJobId(), "job-1", "", "../../etc/passwd", "x".repeat(1000)]) {
    assert.throws(() => registry.get(id), { code: "job_not_found" });
  }
});

Deno.test("JobRegistry.get() says that a job of long ago is expired, though it is new itself", () => {
  const now = Date.now();
  const registry = new JobRegistry({ now: () => now });
  assert.throws(() => registry.get(idOf(now - 168 * HOUR_MS - 1)), { code: "job_expired" });
  assert.throws(() => registry.get(idOf(now - 168 * HOUR_MS + 1)), { code: "job_not_found" });
});

Deno.test("JobRegistry keeps so many ended jobs and no more", async () => {
  const registry = new JobRegistry({ maxEndedJobs: 2 });
  const base = Date.now() - 1000;
  const jobs = [0, 1, 2].map((n) =>
    registry.create({ operation: "x", jobId: idOf(base + n * 10) }).job
  );
  for (const job of jobs) await finish(job);
  assert.throws(() => registry.get(jobs[0]!.id), {
    code: "job_expired",
    message: `Job "${jobs[0]!.id}" is older than what is kept`,
  });
  assert.equal(registry.get(jobs[1]!.id), jobs[1]);
  assert.equal(registry.get(jobs[2]!.id), jobs[2]);
  assert.deepEqual(registry.list().map((view) => view.job_id), [jobs[2]!.id, jobs[1]!.id]);
});

Deno.test("JobRegistry tells an expired job from one that never was by the time in its id", async () => {
  const registry = new JobRegistry({ maxEndedJobs: 0 });
  const base = Date.now() - 1000;
  await finish(registry.create({ operation: "x", jobId: idOf(base) }).job);
  assert.throws(() => registry.get(idOf(base)), { code: "job_expired" });
  assert.throws(() => registry.get(idOf(base - 1)), { code: "job_expired" });
  assert.throws(() => registry.get(idOf(base + 1)), { code: "job_not_found" });
});

Deno.test("JobRegistry keeps jobs that have not ended, whatever their number and age", async () => {
  let now = Date.now();
  const registry = new JobRegistry({ maxEndedJobs: 1, maxEndedBytes: 1, now: () => now });
  const queued = registry.create({ operation: "x" }).job;
  const running = registry.create({ operation: "x" }).job;
  running.start();
  for (let n = 0; n < 5; n++) await finish(registry.create({ operation: "x" }).job);
  now += 1000 * HOUR_MS;
  assert.equal(registry.get(queued.id), queued);
  assert.equal(registry.get(running.id), running);
  assert.deepEqual(registry.active(), [queued, running]);
  assert.equal(registry.list().length, 2);
});

Deno.test("JobRegistry lets ended jobs go when they are too old", async () => {
  let now = Date.now();
  const registry = new JobRegistry({ maxEndedAgeMs: HOUR_MS, now: () => now });
  const first = registry.create({ operation: "x" }).job;
  await finish(first);
  now += HOUR_MS / 2;
  const second = registry.create({ operation: "x" }).job;
  await finish(second);
  now += HOUR_MS / 2;
  assert.equal(registry.get(first.id), first);
  now += 1;
  assert.throws(() => registry.get(first.id), { code: "job_expired" });
  assert.equal(registry.get(second.id), second);
  assert.deepEqual(registry.list().map((view) => view.job_id), [second.id]);
  now += HOUR_MS;
  assert.deepEqual(registry.list(), []);
});

Deno.test("JobRegistry counts the age of a job from its end", async () => {
  let now = Date.now();
  const registry = new JobRegistry({ maxEndedAgeMs: HOUR_MS, now: () => now });
  const { job } = registry.create({ operation: "model_download" });
  job.start();
  now += 30 * HOUR_MS;
  await finish(job);
  assert.equal(registry.get(job.id), job);
  now += HOUR_MS + 1;
  assert.throws(() => registry.get(job.id), { code: "job_expired" });
});

Deno.test("JobRegistry lets the oldest ended jobs go when their logs are too large", async () => {
  const registry = new JobRegistry({ maxEndedBytes: 250_000 });
  const base = Date.now() - 1000;
  const jobs = [0, 1, 2].map((n) =>
    registry.create({ operation: "x", jobId: idOf(base + n * 10) }).job
  );
  for (const job of jobs) await finish(job, "x".repeat(100_000));
  assert.throws(() => registry.get(jobs[0]!.id), { code: "job_expired" });
  assert.equal(registry.get(jobs[1]!.id), jobs[1]);
  assert.equal(registry.get(jobs[2]!.id), jobs[2]);
});

Deno.test("JobRegistry keeps the log of an expired job for who still reads it", async () => {
  const registry = new JobRegistry({ maxEndedJobs: 0 });
  const { job } = registry.create({ operation: "x" });
  const cursor = job.log.cursor();
  await finish(job, "the end");
  assert.throws(() => registry.get(job.id), { code: "job_expired" });
  assert.match(new TextDecoder().decode(cursor.read()), /the end/);
  assert.equal(cursor.ended, true);
});

Deno.test("JobRegistry.list() gives the newest first, by state and up to a limit", async () => {
  const registry = new JobRegistry();
  const jobs = Array.from({ length: 5 }, () => registry.create({ operation: "x" }).job);
  await finish(jobs[1]!);
  await finish(jobs[3]!);
  jobs[0]!.start();
  jobs[2]!.cancel("x");
  await jobs[2]!.ended;
  const ids = (options: Parameters<typeof registry.list>[0]) =>
    registry.list(options).map((view) => jobs.findIndex((job) => job.id === view.job_id));
  assert.deepEqual(ids({}), [4, 3, 2, 1, 0]);
  assert.deepEqual(ids({ limit: 2 }), [4, 3]);
  assert.deepEqual(ids({ state: "done" }), [3, 1]);
  assert.deepEqual(ids({ state: "done", limit: 1 }), [3]);
  assert.deepEqual(ids({ state: "running" }), [0]);
  assert.deepEqual(ids({ state: "queued" }), [4]);
  assert.deepEqual(ids({ state: "cancelled" }), [2]);
  assert.deepEqual(ids({ state: "error" }), []);
});

Deno.test("JobRegistry saves each job's last state in the journal, and its events", async () => {
  const journal = new FakeJournal();
  const registry = new JobRegistry({ journal });
  const { job } = registry.create({ operation: "x" });
  await finish(job, "kept");
  assert.deepEqual(journal.saved.get(job.id), job.view());
  assert.match(new TextDecoder().decode(journal.read(job.id, 0)?.bytes), /"result":"kept"/);
});

Deno.test("JobRegistry.onChanged() tells of each job that is made, begins and has ended, until that is ended", async () => {
  const registry = new JobRegistry();
  const told: string[] = [];
  const stop = registry.onChanged(({ operation, state }) => told.push(`${operation} ${state}`));
  const { job } = registry.create({ operation: "infer" });
  assert.equal(registry.create({ operation: "infer", jobId: job.id }).created, false);
  assert.deepEqual(told, ["infer queued"]);
  await finish(job);
  const { job: cancelled } = registry.create({ operation: "embed" });
  cancelled.cancel("on request");
  await cancelled.ended;
  assert.deepEqual(told, [
    "infer queued",
    "infer running",
    "infer done",
    "embed queued",
    "embed cancelled",
  ]);
  stop();
  await finish(registry.create({ operation: "infer" }).job);
  assert.equal(told.length, 5);
});
