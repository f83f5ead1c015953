import assert from "node:assert/strict";
import {
  jobSummariesSchema,
  type JobSummary,
  jobSummarySchema,
  MAX_OLDER_ACTIVE,
  MAX_SUMMARIES,
} from "../../src/contracts/watch.ts";
import { type Caller, LOCAL_PERSON } from "../../src/http/caller.ts";
import { timestamp } from "../../src/base/timestamp.ts";
import { RbeeError } from "../../src/base/rbee_error.ts";
import type { Job } from "../../src/jobs/job.ts";
import { JobFeed, type JobFeedReader } from "../../src/jobs/job_feed.ts";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { openKeptJobs } from "../../src/jobs/kept_jobs.ts";
import { parseFrames } from "../helpers/event_frames.ts";
import { JournalFolder } from "../helpers/journal_folder.ts";
import { journalSettings } from "../helpers/kept_role.ts";

const HOUR_MS = 3_600_000;
const ANN: Caller = { role: "infer", tokenId: "token-ann" };

/** All that waits for a reader, each event checked: `jobs` as the summaries in it, `job` as one. */
function read(reader: JobFeedReader): (JobSummary | JobSummary[])[] {
  const decoder = new TextDecoder();
  const events: (JobSummary | JobSummary[])[] = [];
  for (let bytes = reader.read(); bytes !== undefined; bytes = reader.read()) {
    for (const { id, event, data } of parseFrames(decoder.decode(bytes))) {
      assert.equal(id, undefined, "it has no place in a log");
      const json: unknown = JSON.parse(data);
      if (event === "jobs") events.push(jobSummariesSchema.parse(json).jobs);
      else events.push(jobSummarySchema.parse(json));
    }
  }
  return events;
}

const idsOf = (events: readonly (JobSummary | JobSummary[])[]) =>
  events.flat().map(({ job_id }) => job_id);

async function finish(job: Job): Promise<void> {
  job.start();
  job.finishDone({ result: { long: "x".repeat(100) } });
  await job.ended;
}

Deno.test("JobFeed tells a reader which jobs there are, newest first, and then of each that is made, begins and ends", async () => {
  const registry = new JobRegistry();
  const before = [1, 2].map(() => registry.create({ operation: "story" }).job);
  const feed = new JobFeed(registry);
  const reader = feed.subscribe(LOCAL_PERSON);
  const [first, ...rest] = read(reader);
  assert.deepEqual(idsOf([first!]), before.map(({ id }) => id).reverse());
  assert.deepEqual(rest, []);

  const { job } = registry.create({ operation: "infer", model: "bee-tiny" });
  assert.deepEqual(read(reader), [{
    job_id: job.id,
    operation: "infer",
    model: "bee-tiny",
    state: "queued",
    created_at: job.createdAt,
    started_at: null,
    finished_at: null,
  }]);
  job.start();
  assert.deepEqual(read(reader).flat().map(({ state }) => state), ["running"]);
  job.finishError(
    new RbeeError("wheel_missing", "Cannot find the wheel", { details: { wheel: 4 } }),
  );
  await job.ended;
  const [{ state, error, finished_at } = assert.fail()] = read(reader).flat();
  assert.deepEqual([state, error], ["error", {
    code: "wheel_missing",
    message: "Cannot find the wheel",
  }]);
  assert.equal(finished_at, job.view().finished_at);
  feed.close();
});

Deno.test("JobFeed tells of the job that failed last, also where newer ones have pushed it out of the list", async () => {
  const registry = new JobRegistry();
  const feed = new JobFeed(registry);
  const fail = async (job: Job) => {
    job.start();
    job.finishError(new RbeeError("wheel_missing", `Cannot find the wheel of ${job.id}`));
    await job.ended;
  };
  const summariesFor = (caller: Caller) => {
    const reader = feed.subscribe(caller);
    const [frame] = parseFrames(new TextDecoder().decode(reader.read()));
    reader.end();
    return jobSummariesSchema.parse(JSON.parse(frame!.data));
  };
  const [early, late] = [1, 2].map(() => registry.create({ operation: "story" }).job);
  assert.equal(summariesFor(LOCAL_PERSON).last_failure, undefined);
  await fail(late!);
  // Which of two was later is told in milliseconds.
  while (timestamp() === late!.view().finished_at) await Promise.resolve();
  await fail(early!);
  for (let n = 0; n < MAX_SUMMARIES; n++) registry.create({ operation: "story" });
  const { jobs, more, last_failure } = summariesFor(LOCAL_PERSON);
  assert.deepEqual([jobs.length, more], [MAX_SUMMARIES, true]);
  assert.equal(last_failure?.job_id, early!.id);
  assert.equal(last_failure?.error?.code, "wheel_missing");
  assert.equal(summariesFor(ANN).last_failure, undefined, "it is another's");
  feed.close();
});

Deno.test("JobFeed lists what has not ended, however many newer jobs there are, up to a bound", async () => {
  const registry = new JobRegistry();
  const feed = new JobFeed(registry);
  const create = (count: number) =>
    Array.from({ length: count }, () => registry.create({ operation: "story" }).job);
  const list = () => {
    const reader = feed.subscribe(LOCAL_PERSON);
    const [frame] = parseFrames(new TextDecoder().decode(reader.read()));
    reader.end();
    return jobSummariesSchema.parse(JSON.parse(frame!.data));
  };
  const [queued, running, ended] = create(3);
  running!.start();
  await finish(ended!);
  for (const job of create(MAX_SUMMARIES)) await finish(job);
  const { jobs, more } = list();
  assert.equal(more, true);
  assert.deepEqual(jobs.slice(MAX_SUMMARIES).map(({ job_id, state }) => [job_id, state]), [
    [running!.id, "running"],
    [queued!.id, "queued"],
  ]);
  await finish(queued!);
  assert.deepEqual(list().jobs.slice(MAX_SUMMARIES).map(({ job_id }) => job_id), [running!.id]);
  create(MAX_SUMMARIES + MAX_OLDER_ACTIVE);
  assert.equal(list().jobs.length, MAX_SUMMARIES + MAX_OLDER_ACTIVE);
  feed.close();
});

Deno.test("JobFeed cuts a long reason, and says so", async () => {
  const registry = new JobRegistry();
  const feed = new JobFeed(registry);
  const reader = feed.subscribe(LOCAL_PERSON);
  read(reader);
  const { job } = registry.create({ operation: "story" });
  job.start();
  job.finishError(new RbeeError("wheel_missing", "Cannot find ".padEnd(2000, "x")));
  await job.ended;
  const [{ error } = assert.fail()] = read(reader).flat();
  assert.match(error!.message, /^Cannot find x+ \[cut: 2000 characters\]$/);
  assert.ok(error!.message.length <= 500);
  feed.close();
});

Deno.test("JobFeed has a reader that lags see the newest state of each job, once", async () => {
  const registry = new JobRegistry();
  const feed = new JobFeed(registry);
  const reader = feed.subscribe(LOCAL_PERSON);
  read(reader);
  const [slow, quick] = [1, 2].map(() => registry.create({ operation: "story" }).job);
  await finish(quick!);
  slow!.start();
  assert.deepEqual(
    read(reader).flat().map(({ job_id, state }) => [job_id, state]),
    [[quick!.id, "done"], [slow!.id, "running"]],
    "in the order of their last change",
  );
  feed.close();
});

Deno.test("JobFeed tells in its list what changed before that was read, and no more of it", async () => {
  const registry = new JobRegistry();
  const feed = new JobFeed(registry);
  const reader = feed.subscribe(LOCAL_PERSON);
  const { job } = registry.create({ operation: "story" });
  await finish(job);
  const events = read(reader);
  assert.deepEqual([events.length, events.flat()[0]?.state], [1, "done"]);
  feed.close();
});

Deno.test(`JobFeed gives a reader with more than ${MAX_SUMMARIES} changes the list anew, and says that there are more`, async () => {
  const registry = new JobRegistry();
  const old = registry.create({ operation: "story" }).job;
  await finish(old);
  const feed = new JobFeed(registry);
  const [lags, reads] = [feed.subscribe(LOCAL_PERSON), feed.subscribe(LOCAL_PERSON)];
  assert.deepEqual([idsOf(read(lags)), idsOf(read(reads))], [[old.id], [old.id]]);
  for (let n = 0; n < MAX_SUMMARIES; n++) registry.create({ operation: "story" });
  assert.equal(read(reads).length, MAX_SUMMARIES);
  const { job } = registry.create({ operation: "story" });
  const text = new TextDecoder().decode(lags.read());
  assert.equal(lags.read(), undefined);
  const [frame] = parseFrames(text);
  assert.equal(frame?.event, "jobs");
  const { jobs, more } = jobSummariesSchema.parse(JSON.parse(frame!.data));
  assert.deepEqual([jobs.length, jobs[0]?.job_id, more], [MAX_SUMMARIES + 1, job.id, true]);
  assert.deepEqual(idsOf(read(reads)), [job.id], "who reads misses nothing");
  feed.close();
});

Deno.test("JobFeed tells a token of the role infer of its own jobs alone", async () => {
  const registry = new JobRegistry();
  const mine = registry.create({ operation: "infer", owner: "token-ann" }).job;
  for (const owner of ["token-ben", undefined]) registry.create({ operation: "infer", owner });
  const feed = new JobFeed(registry);
  const [ann, all] = [feed.subscribe(ANN), feed.subscribe(LOCAL_PERSON)];
  assert.deepEqual(idsOf(read(ann)), [mine.id]);
  assert.equal(idsOf(read(all)).length, 3);
  for (const owner of ["token-ben", undefined]) {
    await finish(registry.create({ operation: "infer", owner }).job);
  }
  assert.deepEqual(read(ann), []);
  await finish(mine);
  assert.deepEqual(idsOf(read(ann)), [mine.id]);
  assert.equal(idsOf(read(all)).length, 3);
  feed.close();
});

Deno.test("JobFeed has the jobs of the process before in its list, with how they ended and their models", async () => {
  await using folder = await JournalFolder.make();
  {
    await using kept = openKeptJobs(folder.path, journalSettings());
    const { job } = kept.registry.create({ operation: "infer", model: "bee-tiny" });
    job.start();
    job.log.append({ type: "token", text: "buzz", i: 0 });
  }
  await using kept = openKeptJobs(folder.path, journalSettings());
  const feed = new JobFeed(kept.registry);
  const [[restored] = assert.fail(), ...rest] = read(
    feed.subscribe(LOCAL_PERSON),
  ) as JobSummary[][];
  assert.deepEqual([restored?.model, restored?.state, restored?.error?.code], [
    "bee-tiny",
    "error",
    "interrupted",
  ]);
  assert.deepEqual(rest, []);
  feed.close();
});

Deno.test("JobFeed wakes who waits, and lets no change be waited for that is there", async () => {
  const registry = new JobRegistry();
  const feed = new JobFeed(registry);
  const reader = feed.subscribe(LOCAL_PERSON);
  const { signal } = new AbortController();
  const wait = (timeoutMs = HOUR_MS) => reader.wait({ timeoutMs, signal });
  assert.equal(await wait(), true, "the list is there");
  read(reader);
  assert.equal(await wait(0), false);
  const waiting = wait();
  registry.create({ operation: "story" });
  assert.equal(await waiting, true);
  assert.equal(await wait(), true);
  feed.close();
});

Deno.test("JobFeed.close() ends its readers after what waits for them, and hears of nothing more", () => {
  const registry = new JobRegistry();
  const feed = new JobFeed(registry);
  const [reader, gone] = [feed.subscribe(LOCAL_PERSON), feed.subscribe(LOCAL_PERSON)];
  gone.end();
  read(reader);
  registry.create({ operation: "story" });
  feed.close();
  assert.equal(reader.ended, false);
  assert.equal(read(reader).length, 1);
  assert.equal(reader.ended, true);
  registry.create({ operation: "story" });
  assert.deepEqual(read(reader), []);
});
