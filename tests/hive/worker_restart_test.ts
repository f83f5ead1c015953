import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import type { WorkerSpawnRequest } from "../../src/contracts/operation.ts";
import { type WorkerInfo, workerInfoSchema } from "../../src/contracts/worker.ts";
import { isAlive } from "../../src/process/process_identity.ts";
import { ChangingProgram } from "../helpers/changing_program.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { control, engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import { type LocalJob, startLocalJob } from "../helpers/local_job.ts";
import { logEvents } from "../helpers/log_events.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";
import { TestHive } from "../helpers/test_hive.ts";

/** So long a wait that a test never sees its end. */
const NEXT_DAY = { firstMs: 86_400_000, maxMs: 86_400_000 };

const FIXTURE_REQUEST: WorkerSpawnRequest = {
  operation: "worker_spawn",
  model: "bee-tiny",
  engine: "fixture",
};

/** The worker that a spawn's last event tells of. */
function workerOf(events: readonly JobEvent[]): WorkerInfo {
  const end = events.at(-1);
  assert.ok(end?.type === "done", JSON.stringify(end));
  return workerInfoSchema.parse(end.result);
}

/** What was narrated for an action. */
function saidIn(events: readonly JobEvent[], action: string): string[] {
  return events.flatMap((event) =>
    event.type === "narration" && event.action === action ? [event.human] : []
  );
}

Deno.test("a worker that dies while it is ready is started again, and is then as good as new", async () => {
  await using hive = engineHive();
  await using telemetry = await TelemetryWatch.open(hive.url);
  using narration = new RecordedNarration();
  const first = await hive.spawn(FIXTURE);
  await control(first, "die?code=3");
  const again = await telemetry.worker(({ state, restarts }) =>
    state === "ready" && restarts === 1
  );
  assert.deepEqual(telemetry.statesOf(first.worker_id), [
    "starting",
    "loading",
    "ready",
    "starting",
    "loading",
    "ready",
  ]);
  assert.equal(again.worker_id, first.worker_id);
  assert.notEqual(again.pid, first.pid);
  assert.equal(isAlive(first.pid!), false);
  assert.equal(again.error, undefined, "what is over is listed as if it were not");
  assert.ok(again.started_at > first.started_at);
  assert.deepEqual(await (await fetch(`${again.url}/health`)).json(), { status: "ok" });
  const sentence =
    `The worker for "bee-tiny" ended unexpectedly (exit code 3); see rbee worker logs ${first.worker_id}`;
  // While it is down it is listed with the reason, and without an address that nobody answers at.
  const down = await telemetry.worker(({ state, error }) =>
    state === "loading" && error !== undefined
  );
  assert.deepEqual(down.error, { code: "worker_died", message: sentence });
  const log = logEvents(hive.workers.get(first.worker_id).log);
  assert.deepEqual(saidIn(log, "worker_died"), [sentence]);
  assert.deepEqual(saidIn(log, "worker_restart"), [
    "Starting the worker for bee-tiny again in 0 s (1 of 5 restarts in 10 min)",
  ]);
  const warned = narration.records.filter(({ action }) => action === "worker_died");
  assert.deepEqual(warned.map(({ level, human }) => [level, human]), [["warn", sentence]]);
});

Deno.test("a worker of our own that is killed is started again by the same name", async () => {
  await using hive = new TestHive({ restarts: { firstMs: 1 } });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const first = await hive.spawn();
  Deno.kill(first.pid!, "SIGKILL");
  const again = await telemetry.worker(({ state, restarts }) =>
    state === "ready" && restarts === 1
  );
  assert.deepEqual([again.worker_id, again.model], [first.worker_id, first.model]);
  assert.equal((await (await fetch(`${again.url}/health`)).json()).status, "ok");
  const down = await telemetry.worker(({ state, error }) =>
    state === "starting" && error !== undefined
  );
  assert.match(down.error!.message, /ended unexpectedly \(signal SIGKILL\)/);
  assert.equal(down.url, null);
});

Deno.test("who asks for a worker in the moment in which it died waits for its next start", async () => {
  let asked: LocalJob | undefined;
  let given: WorkerInfo | undefined;
  const hive: TestHive = engineHive([], {
    onChange: () => {
      hive.feed.changed();
      const died = hive.workers.running().find(({ state, wasReady }) =>
        wasReady && state === "starting"
      );
      if (died === undefined || asked !== undefined) return;
      asked = startLocalJob(async ({ signal }) => {
        given = (await hive.workers.spawn(FIXTURE_REQUEST, signal)).info();
        return { result: given };
      });
    },
  });
  await using _hive = hive;
  await using telemetry = await TelemetryWatch.open(hive.url);
  const first = await hive.spawn(FIXTURE);
  await control(first, "die?code=3");
  await telemetry.worker(({ state, restarts }) => state === "ready" && restarts === 1);
  assert.ok(asked);
  const events = await asked.ended;
  assert.equal(events.at(-1)?.type, "done", JSON.stringify(events.at(-1)));
  assert.deepEqual([given?.state, given?.restarts], ["ready", 1]);
  assert.notEqual(given?.pid, first.pid);
  assert.equal(saidIn(events, "worker_restart").length, 1, "it is told why it waits");
  assert.deepEqual(
    saidIn(events, "worker_spawn").at(-1),
    `Worker for bee-tiny is ready (process ${given?.pid})`,
  );
});

Deno.test("a worker that dies again and again is given up after its last restart", async () => {
  await using hive = engineHive([], { restarts: { firstMs: 1, maxMs: 1 } });
  await using telemetry = await TelemetryWatch.open(hive.url);
  using narration = new RecordedNarration();
  const { worker_id } = await hive.spawn(FIXTURE);
  for (let n = 0; n <= 5; n++) {
    const worker = await telemetry.worker(({ state, restarts }) =>
      state === "ready" && restarts === n
    );
    await control(worker, "die?code=3");
  }
  await hive.workers.get(worker_id).gone;
  const [failed] = await hive.list();
  assert.deepEqual([failed?.state, failed?.restarts, failed?.pid, failed?.url], [
    "failed",
    5,
    null,
    null,
  ]);
  const sentence =
    `The worker for "bee-tiny" ended unexpectedly (exit code 3); see rbee worker logs ${worker_id}; ` +
    "it was restarted 5 times in 10 min and is not started again";
  assert.deepEqual([failed?.error?.code, failed?.error?.message], ["worker_died", sentence]);
  const log = logEvents(hive.workers.get(worker_id).log);
  assert.equal(saidIn(log, "worker_restart").length, 5);
  assert.match(saidIn(log, "worker_restart")[4]!, /\(5 of 5 restarts in 10 min\)$/);
  const end = log.at(-1);
  assert.deepEqual(end?.type === "error" && [end.code, end.message], ["worker_died", sentence]);
  const failures = narration.records.filter(({ action }) => action === "worker_failed");
  assert.deepEqual(failures.map(({ level, human, job_id }) => [level, human, job_id]), [
    ["error", sentence, undefined],
  ]);
});

Deno.test("a worker that dies before it was ever ready is not started again", async () => {
  await using hive = engineHive(["--die-loading", "3"]);
  const end = (await hive.run(FIXTURE)).at(-1);
  assert.ok(end?.type === "error");
  assert.deepEqual((await hive.list()).map(({ state, restarts }) => [state, restarts]), [
    ["failed", 0],
  ]);
});

Deno.test("a restart that dies while it loads is followed by another one, which becomes ready", async () => {
  await using program = await ChangingProgram.make({
    later: '[ "$N" -gt 2 ] || set -- "$@" --die-loading 4',
  });
  await using hive = engineHive([], { engine: { command: [program.path, ...engineCommand()] } });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const first = await hive.spawn(FIXTURE);
  await control(first, "die?code=3");
  const ready = await telemetry.worker(({ state, restarts }) =>
    state === "ready" && restarts === 2
  );
  assert.equal(ready.worker_id, first.worker_id);
  assert.deepEqual(telemetry.statesOf(first.worker_id), [
    "starting",
    "loading",
    "ready",
    "starting",
    "loading",
    "starting",
    "loading",
    "ready",
  ]);
});

Deno.test("a worker whose restarts all die while they load is given up with the last reason", async () => {
  await using program = await ChangingProgram.make({ later: 'set -- "$@" --die-loading "$N"' });
  await using hive = engineHive([], {
    engine: { command: [program.path, ...engineCommand()] },
    restarts: { firstMs: 1, maxMs: 1, maxRestarts: 2, windowMs: 60_000 },
  });
  const { worker_id, url } = await hive.spawn(FIXTURE);
  await control({ url }, "die?code=3");
  await hive.workers.get(worker_id).gone;
  const [failed] = await hive.list();
  assert.deepEqual([failed?.state, failed?.restarts], ["failed", 2]);
  assert.match(
    failed?.error?.message ?? "",
    /\(exit code 3\).*; it was restarted 2 times in 60 s /,
  );
  assert.equal(await program.starts(), 3);
});

Deno.test("a worker that waits for its restart can be stopped, and is then not started", async () => {
  await using hive = engineHive([], { restarts: NEXT_DAY, beatMs: 20 });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const { worker_id, url } = await hive.spawn(FIXTURE);
  await control({ url }, "die");
  const down = await telemetry.worker(({ state, error, pid }) =>
    state === "starting" && error !== undefined && pid === null
  );
  assert.deepEqual([down.url, down.restarts, down.uptime_ms], [null, 0, 0]);
  const events = await hive.run({ operation: "worker_stop", worker_id });
  const stopped = workerOf(events);
  assert.deepEqual([stopped.state, stopped.pid, stopped.error], ["stopped", null, undefined]);
  assert.deepEqual(saidIn(events, "worker_stop"), ["Stopping the worker for bee-tiny"]);
  assert.equal(logEvents(hive.workers.get(worker_id).log).at(-1)?.type, "done");
});

Deno.test("a spawn that waits for a worker's restart names no process, as there is none", async () => {
  await using hive = engineHive([], { restarts: NEXT_DAY, beatMs: 20 });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const { worker_id, url } = await hive.spawn(FIXTURE);
  await control({ url }, "die");
  await telemetry.worker(({ state, error, pid }) =>
    state === "starting" && error !== undefined && pid === null
  );
  const job = await hive.watch(FIXTURE);
  const waits = await job.said(/bee-tiny/);
  await hive.workers.stop(worker_id, "the test is over");
  const end = (await job.ended).at(-1);
  assert.deepEqual(end?.type === "error" && end.code, "worker_stopped");
  assert.ok(waits.type === "narration");
  assert.equal(waits.action, "worker_wait");
  assert.doesNotMatch(waits.human, /null/);
});

Deno.test("a spawn that waits while a worker restarts gets the new process, and sees that start alone", async () => {
  await using program = await ChangingProgram.make({ later: 'read _ < "$GATE"' });
  await using hive = engineHive([], { engine: { command: [program.path, ...engineCommand()] } });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const first = await hive.spawn(FIXTURE);
  await control(first, "die?code=3");
  const loading = await telemetry.worker(({ state, restarts }) =>
    state === "loading" && restarts === 1
  );
  const job = await hive.watch(FIXTURE);
  await job.said(/^bee-tiny is already being loaded \(process \d+\)$/);
  await program.release();
  const events = await job.ended;
  const worker = workerOf(events);
  assert.deepEqual([worker.worker_id, worker.pid, worker.restarts, worker.state], [
    first.worker_id,
    loading.pid,
    1,
    "ready",
  ]);
  const lines = events.flatMap((event) => event.type === "log" ? [event.line] : []);
  assert.equal(lines.filter((line) => line === "main: model loaded").length, 1, lines.join("\n"));
  assert.ok(
    events.some((event) =>
      event.type === "narration" && event.human === `Worker process ${loading.pid} started`
    ),
  );
  assert.ok(!JSON.stringify(events).includes(`process ${first.pid} `), "it saw an earlier start");
  // Why it is loaded once more is a part of that story.
  assert.equal(saidIn(events, "worker_restart").length, 1);
});

Deno.test("every job that waits while a worker restarts is told when it is given up", async () => {
  await using program = await ChangingProgram.make({
    later: 'read _ < "$GATE"; set -- "$@" --die-loading 4',
  });
  await using hive = engineHive([], {
    engine: { command: [program.path, ...engineCommand()] },
    restarts: { firstMs: 1, maxMs: 1, maxRestarts: 1 },
  });
  await using telemetry = await TelemetryWatch.open(hive.url);
  await control(await hive.spawn(FIXTURE), "die?code=3");
  await telemetry.worker(({ state, restarts }) => state === "loading" && restarts === 1);
  const jobs = [await hive.watch(FIXTURE), await hive.watch(FIXTURE)];
  for (const job of jobs) await job.said(/^bee-tiny is already being loaded/);
  await program.release();
  for (const job of jobs) {
    const end = (await job.ended).at(-1);
    assert.ok(end?.type === "error");
    assert.match(end.message, /\(exit code 4\).* it was restarted 1 times in 10 min /);
  }
});

Deno.test("stopAll() ends a worker that waits for its restart", async () => {
  await using hive = engineHive([], { restarts: NEXT_DAY, beatMs: 20 });
  await using telemetry = await TelemetryWatch.open(hive.url);
  await control(await hive.spawn(FIXTURE), "die");
  await telemetry.worker(({ state, error }) => state === "starting" && error !== undefined);
  await hive.workers.stopAll("the hive is stopping");
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});
