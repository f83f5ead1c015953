import assert from "node:assert/strict";
import { within } from "../../src/base/delay.ts";
import { workerInfoSchema } from "../../src/contracts/worker.ts";
import { control, engineHive, FIXTURE, holdingHive, keepBusy } from "../helpers/engine_hive.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";
import type { TestHive, WatchedJob } from "../helpers/test_hive.ts";

const PATIENCE_MS = 10_000;
const ONE = { limits: { max_workers: 1, idle: 0 } };
const NEXT_DAY = { firstMs: 86_400_000, maxMs: 86_400_000 };

/** Another worker of the same model, for each `context` of its own. */
const other = (context: number) => ({ ...FIXTURE, context });

/** The places that a job was told of, in order. */
function placesOf(job: WatchedJob): unknown[] {
  return job.events.flatMap((event) =>
    event.type === "narration" && event.fields?.["place"] !== undefined
      ? [event.fields["place"]]
      : []
  );
}

/** The states of all workers, the newest first. */
async function statesOf(hive: TestHive): Promise<string[]> {
  return (await hive.list()).map(({ state }) => state);
}

/** Submits an operation and gives the answer as it is. */
function post(hive: TestHive, body: unknown): Promise<Response> {
  return fetch(`${hive.url}/v1/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

Deno.test("the worker that was used least recently makes room for another, and the hive says so", async () => {
  await using hive = engineHive([], { limits: { max_workers: 2, idle: 0 } });
  using narration = new RecordedNarration();
  const [first, second] = [await hive.spawn(other(8)), await hive.spawn(other(16))];
  // Asking for it is a use.
  await hive.spawn(other(8));
  const third = await hive.watch(other(32));
  assert.equal((await third.ended).at(-1)?.type, "done");
  await hive.workers.get(second.worker_id).gone;
  assert.deepEqual(await statesOf(hive), ["ready", "stopped", "ready"]);
  const idle = narration.records.filter(({ action }) => action === "worker_idle");
  assert.deepEqual(idle.map(({ human, fields }) => [human, fields]), [[
    "Stopping the worker for bee-tiny: to make room for another",
    { worker_id: second.worker_id },
  ]]);
  assert.equal(hive.workers.get(first.worker_id).state, "ready");
});

Deno.test("two spawns at once have two idle workers make room", async () => {
  await using hive = engineHive([], { limits: { max_workers: 2, idle: 0 } });
  await hive.spawn(other(8));
  await hive.spawn(other(16));
  const jobs = [await hive.watch(other(32)), await hive.watch(other(64))];
  for (const job of jobs) assert.equal((await job.ended).at(-1)?.type, "done");
  assert.deepEqual(await statesOf(hive), ["ready", "ready", "stopped", "stopped"]);
});

Deno.test("a spawn is refused where pinned workers have every place", async () => {
  await using hive = engineHive([], { ...ONE, models: { "bee-tiny": { pin: true } } });
  const pinned = await hive.spawn(other(8));
  const answer = await post(hive, other(16));
  assert.equal(answer.status, 503);
  assert.deepEqual((await answer.json()).error, {
    code: "all_pinned",
    message:
      "The one worker that may run is pinned; stop one with rbee worker stop ID, or raise hive.max_workers in rbee.yaml",
    type: "server_error",
  });
  assert.equal((await hive.spawn(other(8))).worker_id, pinned.worker_id);
  await hive.workers.stop(pinned.worker_id, "on request");
  await hive.spawn(other(16));
});

Deno.test("a worker that somebody uses makes no room: the spawn waits, and can be cancelled", async () => {
  await using hive = engineHive([], ONE);
  const used = await hive.spawn(other(8));
  hive.workers.use(used.worker_id);
  const job = await hive.watch(other(16));
  const said = await job.said(/place/);
  assert.equal(
    said.type === "narration" && said.human,
    "The one worker that may run is in use; place 1 in the queue",
  );
  const [waiting] = await hive.list();
  assert.deepEqual([waiting?.state, waiting?.pid, waiting?.url], ["starting", null, null]);
  await hive.client.cancel(job.id);
  assert.equal((await job.ended).at(-1)?.type, "cancelled");
  assert.deepEqual(await statesOf(hive), ["stopped", "ready"]);
  assert.equal(hive.workers.get(used.worker_id).state, "ready");
});

Deno.test("the place in the queue is told to each who waits, each time it changes", async () => {
  await using hive = engineHive([], ONE);
  const busy = await hive.spawn(other(8));
  hive.workers.use(busy.worker_id);
  const jobs = [
    await hive.watch(other(16)),
    await hive.watch(other(32)),
    await hive.watch(other(64)),
  ];
  for (const [i, job] of jobs.entries()) await job.said(RegExp(`; place ${i + 1} in the queue$`));
  const [first, second, third] = jobs as [WatchedJob, WatchedJob, WatchedJob];
  await hive.client.cancel(first.id);
  await first.ended;
  await second.said(/place 1 /);
  await third.said(/place 2 /);
  await hive.workers.stop(busy.worker_id, "the test wants its place");
  const worker = workerInfoSchema.parse(
    ((await second.ended).at(-1) as { result: unknown }).result,
  );
  assert.equal(worker.state, "ready");
  await third.said(/place 1 /);
  assert.deepEqual(jobs.map(placesOf), [[1], [2, 1], [3, 2, 1]]);
});

Deno.test("a worker that is no longer used makes room for who waits already", async () => {
  await using hive = engineHive(["--gate"], ONE);
  const busy = await hive.spawn(other(8));
  const request = await keepBusy(hive, busy);
  const job = await hive.watch(other(16));
  await job.said(/place 1 /);
  await control(busy, "release");
  await request.ended;
  const end = await within(job.ended, PATIENCE_MS);
  assert.equal(end?.at(-1)?.type, "done", "it still waits, and nobody uses the place");
});

Deno.test("a worker that loads, or waits for its restart, makes no room", async () => {
  const { hive: held, letGo } = holdingHive([], { ...ONE, restarts: NEXT_DAY, beatMs: 20 });
  await using hive = held;
  await using telemetry = await TelemetryWatch.open(hive.url);
  const first = await hive.watch(other(8));
  await first.said(/^Worker process/);
  const second = await hive.watch(other(16));
  await second.said(/place 1 /);
  assert.equal((await first.ended).at(-1)?.type, "done");
  await hive.client.cancel(second.id);
  await second.ended;
  const [, ready] = await hive.list();
  await control(ready!, "die");
  await telemetry.worker(({ state, error }) => state === "starting" && error !== undefined);
  letGo();
  const third = await hive.watch(other(32));
  await third.said(/place 1 /);
  await hive.client.cancel(third.id);
  assert.equal((await third.ended).at(-1)?.type, "cancelled");
  assert.equal(hive.workers.get(ready!.worker_id).state, "starting");
});

Deno.test("a worker that fails gives its place back, also where no process was started", async () => {
  const missing = { command: ["/missing/engine", "{port}"] };
  await using hive = engineHive(["--die-loading"], { ...ONE, engines: { missing } });
  for (const engine of ["fixture", "missing", "fixture"]) {
    const end = (await hive.run({ ...FIXTURE, engine })).at(-1);
    assert.equal(end?.type, "error");
  }
  assert.deepEqual(await statesOf(hive), ["failed", "failed", "failed"]);
});

Deno.test("a worker that waits for its place can be stopped, and who waits for it is told", async () => {
  await using hive = engineHive([], ONE);
  hive.workers.use((await hive.spawn(other(8))).worker_id);
  const job = await hive.watch(other(16));
  await job.said(/place 1 /);
  const [{ worker_id } = assert.fail()] = await hive.list();
  assert.equal((await hive.run({ operation: "worker_stop", worker_id })).at(-1)?.type, "done");
  const end = (await job.ended).at(-1);
  assert.deepEqual(end?.type === "error" && [end.code, end.message], [
    "worker_stopped",
    "The worker was stopped: on request",
  ]);
});

Deno.test("two spawns that wait for the place of one worker are both told of it", async () => {
  await using hive = engineHive([], ONE);
  const busy = await hive.spawn(other(8));
  hive.workers.use(busy.worker_id);
  const jobs = [await hive.watch(other(16)), await hive.watch(other(16))];
  for (const job of jobs) await job.said(/place 1 /);
  await hive.workers.stop(busy.worker_id, "the test wants its place");
  for (const job of jobs) assert.equal((await job.ended).at(-1)?.type, "done");
  assert.deepEqual(await statesOf(hive), ["ready", "stopped"]);
});

Deno.test("a spawn for which there is no room in the queue is answered 503 queue_full with Retry-After", async () => {
  await using hive = engineHive([], { limits: { max_workers: 1, max_queue: 1, idle: 0 } });
  hive.workers.use((await hive.spawn(other(8))).worker_id);
  const waiting = await hive.watch(other(16));
  await waiting.said(/place 1 /);
  const jobsBefore = (await hive.client.list()).length;
  const response = await post(hive, other(32));
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "5"]);
  const { error } = await response.json();
  assert.deepEqual([error.code, error.details], ["queue_full", { waiting: 1, retry_after_s: 5 }]);
  assert.match(error.message, /; try again in 5 s$/);
  assert.equal((await hive.client.list()).length, jobsBefore, "it was made a job");
  assert.deepEqual(await statesOf(hive), ["starting", "ready"]);
});

Deno.test("a spawn of what is there already needs no room in the queue", async () => {
  await using hive = engineHive([], { limits: { max_workers: 1, max_queue: 0, idle: 0 } });
  const busy = await hive.spawn(other(8));
  hive.workers.use(busy.worker_id);
  const response = await post(hive, other(8));
  const { job_id, error } = await response.json();
  assert.equal(response.status, 202, JSON.stringify(error));
  await hive.server.registry.get(job_id).ended;
});

Deno.test("a queue of none takes as many workers as may run, and makes idle ones go", async () => {
  await using hive = engineHive([], { limits: { max_workers: 1, max_queue: 0, idle: 0 } });
  await hive.spawn(other(8));
  await hive.spawn(other(16));
  assert.deepEqual(await statesOf(hive), ["ready", "stopped"]);
});
