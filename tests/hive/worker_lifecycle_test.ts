import assert from "node:assert/strict";
import type { JobEvent, NarrationEvent } from "../../src/contracts/job_event.ts";
import { WorkerLifecycle } from "../../src/hive/worker_lifecycle.ts";
import { isAlive } from "../../src/process/process_identity.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { BEE_TINY, TestHive, type WatchedJob } from "../helpers/test_hive.ts";

const STARTED = /^Worker process \d+ started$/;

function narrations(events: readonly JobEvent[], actor: string, action: string): NarrationEvent[] {
  return events.filter((event): event is NarrationEvent =>
    event.type === "narration" && event.actor === actor && event.action === action
  );
}

/** The pid that a spawn's job names as soon as the process is there. */
async function startedPid(job: WatchedJob): Promise<number> {
  const event = await job.said(STARTED);
  assert.ok(event.type === "narration");
  return Number(event.fields?.["pid"]);
}

Deno.test("worker startup capture: two spawns of one model at once give one worker, and both jobs' readers all that it says", async () => {
  await using hive = new TestHive();
  const jobs = await Promise.all([hive.watch(BEE_TINY), hive.watch(BEE_TINY)]);
  const ids = new Set<unknown>();
  for (const job of jobs) {
    const events = await job.ended;
    const loads = narrations(events, "worker", "model_load");
    assert.ok(loads.length >= 3, `a reader got ${loads.length} events of the load`);
    assert.match(loads[0]!.human, /^Loading bee-tiny \(1\.7 MB\) on cpu$/);
    assert.equal(loads[0]!.formatted, `[worker    ] model_load     : ${loads[0]!.human}`);
    const percents = loads.flatMap(({ progress }) =>
      progress === undefined ? [] : [progress.current]
    );
    assert.deepEqual(percents, percents.toSorted((a, b) => a - b));
    assert.equal(percents.at(-1), 100);
    assert.equal(narrations(events, "worker", "listening").length, 1);
    assert.equal(narrations(events, "worker", "worker_ready").length, 1);
    for (const event of events) {
      if (event.type === "narration") assert.equal(event.job_id, job.id, event.formatted);
    }
    assert.deepEqual(
      events.map((event) => event.type === "gap" ? 0 : event.seq),
      events.map((_, index) => index + 1),
    );
    const end = events.at(-1);
    assert.ok(end?.type === "done");
    ids.add((end.result as { worker_id: string }).worker_id);
  }
  assert.equal(ids.size, 1, "each spawn got a worker of its own");
  assert.equal((await hive.list()).length, 1);
});

Deno.test("worker startup capture: each line of the worker arrives once, with its own time and level", async () => {
  await using hive = new TestHive();
  using said = new RecordedNarration();
  const events = await hive.run(BEE_TINY);
  const seen = events.filter((event) => event.type === "narration" && event.actor === "worker")
    .map((event) => event.type === "narration" ? `${event.at} ${event.formatted}` : "");
  assert.equal(new Set(seen).size, seen.length, seen.join("\n"));
  // The hive itself says it too, as its own output, which belongs to no job.
  const relayed = said.records.filter(({ actor, job_id }) => actor === "worker" && !job_id);
  assert.deepEqual(
    relayed.map(({ at, human }) => `${at} ${human}`),
    events.flatMap((event) =>
      event.type === "narration" && event.actor === "worker" ? [`${event.at} ${event.human}`] : []
    ),
  );
});

Deno.test("WorkerLifecycle.spawn() gives a worker that answers, as it is listed", async () => {
  await using hive = new TestHive();
  const worker = await hive.spawn();
  assert.equal(worker.state, "ready");
  assert.deepEqual(await hive.list(), [worker]);
  const { hive: name, model, engine, device, requests, waiting, restarts } = worker;
  assert.deepEqual(
    { name, model, engine, device, requests, waiting, restarts },
    {
      name: "local",
      model: "bee-tiny",
      engine: "llama",
      device: "cpu",
      requests: 0,
      waiting: 0,
      restarts: 0,
    },
  );
  const health = await (await fetch(`${worker.url}/health`)).json();
  assert.deepEqual([health.role, health.status], ["worker", "ok"]);
  assert.ok(isAlive(worker.pid!));
});

Deno.test("WorkerLifecycle.spawn() uses a ready worker again and says so", async () => {
  await using hive = new TestHive();
  const first = await hive.spawn();
  // Which hive was asked for is no matter of the worker.
  const events = await hive.run({ ...BEE_TINY, hive: "local" });
  const end = events.at(-1);
  assert.ok(end?.type === "done");
  assert.equal((end.result as { worker_id: string }).worker_id, first.worker_id);
  assert.deepEqual(narrations(events, "worker", "model_load"), []);
  const [reuse] = events;
  assert.ok(reuse?.type === "narration");
  assert.equal(reuse.action, "worker_reuse");
  assert.equal(reuse.human, `bee-tiny is already loaded (process ${first.pid})`);
});

Deno.test("WorkerLifecycle.spawn() starts another worker for other options", async () => {
  await using hive = new TestHive();
  const [plain, small] = await Promise.all([
    hive.spawn(),
    hive.spawn({ ...BEE_TINY, context: 64, parallel: 1 }),
  ]);
  assert.notEqual(plain.worker_id, small.worker_id);
  assert.notEqual(plain.pid, small.pid);
  // The order of the fields is no option.
  const again = await hive.spawn({
    parallel: 1,
    context: 64,
    device: "cpu",
    model: "bee-tiny",
    operation: "worker_spawn",
  });
  assert.equal(again.worker_id, small.worker_id);
});

Deno.test("WorkerLifecycle.spawn() tells the reason of a worker that is killed while it loads", async () => {
  await using hive = new TestHive();
  const job = await hive.watch(BEE_TINY);
  await job.said(STARTED);
  const [listed] = await hive.list();
  assert.ok(listed?.state === "starting" || listed?.state === "loading");
  Deno.kill(listed.pid!, "SIGKILL");
  const end = (await job.ended).at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "worker_died");
  assert.equal(
    end.message,
    `The worker for "bee-tiny" ended unexpectedly (signal SIGKILL); see rbee worker logs ${listed.worker_id}`,
  );
  const { last_lines, ...how } = end.details as Record<string, unknown>;
  assert.deepEqual(how, { worker_id: listed.worker_id, exit_code: null, signal: "SIGKILL" });
  assert.ok(Array.isArray(last_lines));
  const [failed] = await hive.list();
  assert.equal(failed?.state, "failed");
  assert.deepEqual([failed?.pid, failed?.url], [null, null]);
  const { message, details } = end;
  assert.deepEqual(failed?.error, { code: "worker_died", message, details });
});

Deno.test("WorkerLifecycle.spawn() tells every job that waits of a worker that is killed", async () => {
  await using hive = new TestHive();
  const jobs = [await hive.watch(BEE_TINY), await hive.watch(BEE_TINY)];
  const pid = await startedPid(jobs[0]!);
  await jobs[1]!.said(/^bee-tiny is already being loaded/);
  Deno.kill(pid, "SIGKILL");
  for (const job of jobs) {
    const end = (await job.ended).at(-1);
    assert.ok(end?.type === "error");
    assert.equal(end.code, "worker_died");
  }
});

Deno.test("WorkerLifecycle.spawn() starts a new worker after one that failed", async () => {
  await using hive = new TestHive();
  const first = await hive.watch(BEE_TINY);
  Deno.kill(await startedPid(first), "SIGKILL");
  await first.ended;
  const second = await hive.spawn();
  assert.equal(second.state, "ready");
  const states = (await hive.list()).map(({ state }) => state);
  assert.deepEqual(states, ["ready", "failed"], "the newest comes first");
});

Deno.test("WorkerLifecycle.spawn() tells the worker's own reason for a file that is not GGUF", async () => {
  await using hive = new TestHive();
  await using folder = await TemporaryFolder.make();
  const path = folder.join("page.gguf");
  await Deno.writeTextFile(path, "<!DOCTYPE html>");
  const events = await hive.run({ ...BEE_TINY, model: path });
  const end = events.at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "not_gguf");
  assert.equal(
    end.message,
    `"${path}" is not a GGUF file (it does not begin with GGUF); download the model again, or convert it`,
  );
  const said = narrations(events, "worker", "model_load").at(-1);
  assert.equal(said?.level, "error");
  const [worker] = await hive.list();
  assert.deepEqual([worker?.state, worker?.error?.code], ["failed", "not_gguf"]);
});

Deno.test("WorkerLifecycle.spawn() starts no process for a model that is not there", async () => {
  await using hive = new TestHive();
  const events = await hive.run({ ...BEE_TINY, model: "/missing/model.gguf" });
  const end = events.at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "model_not_found");
  assert.ok(!events.some((event) => event.type === "narration" && STARTED.test(event.human)));
  const { worker_id } = end.details as { worker_id: string };
  const failed = hive.workers.get(worker_id);
  assert.deepEqual([failed.state, failed.pid, failed.error?.code], ["failed", null, end.code]);
});

Deno.test("a spawn that is cancelled while it loads stops the worker, and only then is the job cancelled", async () => {
  await using hive = new TestHive();
  const job = await hive.watch(BEE_TINY);
  const pid = await startedPid(job);
  await hive.client.cancel(job.id);
  for await (const event of hive.client.stream(job.id)) {
    if (event.type === "cancelled") assert.equal(isAlive(pid), false, "its worker still runs");
  }
  const events = await job.ended;
  assert.equal(events.at(-1)?.type, "cancelled");
  const stop = events.at(-2);
  assert.ok(stop?.type === "narration");
  assert.equal(stop.human, "Stopping the worker for bee-tiny: nobody waits for it");
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("a spawn that is cancelled leaves the worker to another that waits for it", async () => {
  await using hive = new TestHive();
  const first = await hive.watch(BEE_TINY);
  await first.said(STARTED);
  const second = await hive.watch(BEE_TINY);
  await second.said(/^bee-tiny is already being loaded/);
  await hive.client.cancel(first.id);
  assert.equal((await first.ended).at(-1)?.type, "cancelled");
  assert.equal((await second.ended).at(-1)?.type, "done");
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["ready"]);
});

Deno.test("WorkerLifecycle.stop() ends a ready worker, which is then listed as stopped", async () => {
  await using hive = new TestHive();
  const worker = await hive.spawn();
  const events = await hive.run({ operation: "worker_stop", worker_id: worker.worker_id });
  const end = events.at(-1);
  assert.ok(end?.type === "done");
  assert.equal(isAlive(worker.pid!), false);
  const [listed] = await hive.list();
  assert.deepEqual(end.result, listed);
  assert.deepEqual([listed?.state, listed?.pid, listed?.url], ["stopped", null, null]);
  assert.equal(listed?.error, undefined);
  // Stopping what has ended is fine.
  const again = await hive.run({ operation: "worker_stop", worker_id: worker.worker_id });
  assert.equal(again.at(-1)?.type, "done");
});

Deno.test("WorkerLifecycle.stop() of a worker that loads ends the spawn with that reason", async () => {
  await using hive = new TestHive();
  const spawn = await hive.watch(BEE_TINY);
  await spawn.said(STARTED);
  const [{ worker_id } = assert.fail("there is no worker")] = await hive.list();
  await hive.run({ operation: "worker_stop", worker_id });
  const end = (await spawn.ended).at(-1);
  assert.ok(end?.type === "error");
  assert.deepEqual([end.code, end.message], [
    "worker_stopped",
    "The worker was stopped: on request",
  ]);
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("WorkerLifecycle.stop() names the worker that is not there", async () => {
  await using hive = new TestHive();
  const id = "worker-019c1234-5678-7abc-8def-0123456789ab";
  const end = (await hive.run({ operation: "worker_stop", worker_id: id })).at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "worker_not_found");
  assert.equal(
    end.message,
    `Cannot find worker "${id}" on hive "local"; rbee worker list shows those that are known`,
  );
});

Deno.test("WorkerLifecycle.stopAll() ends every worker, those that load too", async () => {
  await using hive = new TestHive();
  const ready = await hive.spawn();
  const loading = await hive.watch({ ...BEE_TINY, parallel: 1 });
  const pid = await startedPid(loading);
  await hive.workers.stopAll("the machine goes to sleep");
  assert.deepEqual([isAlive(ready.pid!), isAlive(pid)], [false, false]);
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped", "stopped"]);
  const end = (await loading.ended).at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.message, "The worker was stopped: the machine goes to sleep");
});

Deno.test("WorkerLifecycle gives a worker up that says nothing while it loads, even one that ignores SIGTERM", async () => {
  await using hive = new TestHive({ loadStallMs: 300, graceMs: 200 });
  const job = await hive.watch(BEE_TINY);
  const pid = await startedPid(job);
  // A process that is halted can neither speak nor obey.
  Deno.kill(pid, "SIGSTOP");
  const end = (await job.ended).at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "timeout");
  assert.match(end.message, /^Nothing happened for .+; see rbee worker logs worker-/);
  assert.equal(isAlive(pid), false);
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["failed"]);
});

Deno.test("WorkerLifecycle.get() names its hive and the worker that is not there", () => {
  const workers = new WorkerLifecycle({ hive: "attic", diagnostic: () => {} });
  assert.deepEqual(workers.list(), []);
  assert.throws(() => workers.get("x".repeat(500)), {
    name: "RbeeError",
    code: "worker_not_found",
    message: `Cannot find worker "${
      "x".repeat(80)
    }" on hive "attic"; rbee worker list shows those that are known`,
  });
});
