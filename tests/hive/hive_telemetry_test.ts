import assert from "node:assert/strict";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import { VERSION } from "../../src/version.ts";
import { control, engineHive, FIXTURE, keepBusy, proxied } from "../helpers/engine_hive.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";
import { BEE_TINY, TestHive } from "../helpers/test_hive.ts";

const NEXT_DAY_MS = 86_400_000;

Deno.test("a hive's telemetry tells at once how it is: name, version, load, and no worker yet", async () => {
  await using hive = engineHive([], { beatMs: NEXT_DAY_MS });
  await hive.models.listed.look();
  await using telemetry = await TelemetryWatch.open(hive.url);
  const [{ hive: name, version, workers, load, models, engines } = assert.fail()] =
    telemetry.events;
  assert.deepEqual([name, version, workers], ["local", VERSION, []]);
  assert.deepEqual(models, [{ name: "bee-tiny", bytes: 1_695_616 }]);
  assert.deepEqual(engines, ["llama", "fixture"]);
  assert.equal(load.length, 3);
  assert.equal(telemetry.events.length, 1);
});

Deno.test("a hive's telemetry tells every change of a worker's state without waiting for a beat", async () => {
  await using hive = new TestHive({ beatMs: NEXT_DAY_MS });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const { worker_id } = await hive.spawn();
  await hive.run({ operation: "worker_stop", worker_id });
  await telemetry.worker(({ state }) => state === "stopped");
  assert.deepEqual(telemetry.statesOf(worker_id), [
    "starting",
    "loading",
    "ready",
    "stopping",
    "stopped",
  ]);
});

Deno.test("a hive's telemetry tells of a worker that waits for its place without waiting for a beat", async () => {
  await using hive = engineHive([], {
    beatMs: NEXT_DAY_MS,
    limits: { max_workers: 1 },
  });
  hive.workers.use((await hive.spawn(FIXTURE)).worker_id);
  await using telemetry = await TelemetryWatch.open(hive.url);
  const job = await hive.watch({ ...FIXTURE, context: 8 });
  await job.said(/place 1/);
  // One more change, so that the stream says something in any case.
  await hive.client.cancel(job.id);
  await telemetry.until(({ workers }) => workers.some(({ state }) => state === "stopped"));
  const [{ worker_id } = assert.fail()] = await hive.list();
  assert.equal(telemetry.statesOf(worker_id)[0], "starting");
});

Deno.test("a hive's telemetry tells of its places, and who waits for one, without waiting for a beat", async () => {
  await using hive = engineHive([], {
    beatMs: NEXT_DAY_MS,
    limits: { max_workers: 1, max_queue: 3 },
    models: { "bee-tiny": { pin: true } },
    provideModel: () => findModelFile(DEMO_MODEL),
  });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const all = { total: 1, free: 1, pinned: 0, waiting: 0, max_waiting: 3 };
  assert.deepEqual(telemetry.events[0]?.places, all);
  const used = await hive.spawn({ ...FIXTURE, model: "hf:bees/used" });
  hive.workers.use(used.worker_id);
  const job = await hive.watch(FIXTURE);
  const waits = await telemetry.until(({ places }) => places?.waiting === 1);
  assert.deepEqual(waits.places, { ...all, free: 0, pinned: 1, waiting: 1 });
  assert.deepEqual(waits.workers.map(({ model, queued }) => [model, queued]), [
    ["bee-tiny", true],
    ["hf:bees/used", undefined],
  ]);
  await hive.workers.stop(used.worker_id, "the test wants its place");
  const runs = await telemetry.worker(({ model, state }) =>
    model === "bee-tiny" && state === "ready"
  );
  assert.equal(runs.queued, undefined);
  await job.ended;
  const [pinned] = await hive.list();
  await hive.workers.stop(pinned!.worker_id, "on request");
  await telemetry.until(({ places, workers }) =>
    places?.free === 1 && workers.every(({ state }) => state === "stopped")
  );
});

Deno.test("a hive's telemetry tells how much of its model a worker has loaded, until it is ready", async () => {
  await using hive = new TestHive({ beatMs: NEXT_DAY_MS });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const { worker_id } = await hive.spawn();
  await hive.run({ operation: "worker_stop", worker_id });
  await telemetry.worker(({ state }) => state === "stopped");
  const told = telemetry.events.flatMap(({ workers }) => workers);
  const percents = told.flatMap(({ load_percent }) => load_percent ?? []);
  assert.ok(percents.length > 0, "it was told while it loaded");
  assert.deepEqual(percents, percents.toSorted((a, b) => a - b));
  const without = told.filter(({ state }) => state !== "loading");
  assert.deepEqual(without.filter((worker) => "load_percent" in worker), []);
});

Deno.test("a hive's telemetry tells how far an engine is that narrates it", async () => {
  const said = {
    rbee: "narration",
    at: "2026-01-31T12:00:00.000Z",
    actor: "worker",
    action: "model_load",
    human: "Loading: 40 %",
    level: "info",
    progress: { current: 40, total: 100, unit: "percent" },
  };
  const script = 'printf "%s\\n" "$1"; shift; exec "$@"';
  await using hive = engineHive([], {
    beatMs: NEXT_DAY_MS,
    engine: {
      command: ["/bin/sh", "-c", script, "sh", JSON.stringify(said), ...engineCommand("--hang")],
      narration: true,
    },
  });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const { id } = await hive.watch(FIXTURE);
  const loading = await telemetry.worker(({ load_percent }) => load_percent !== undefined);
  assert.deepEqual([loading.state, loading.load_percent], ["loading", 40]);
  await hive.client.cancel(id);
  const stopped = await telemetry.worker(({ state }) => state === "stopped");
  assert.equal(stopped.load_percent, undefined);
});

Deno.test("a hive's telemetry tells why a worker failed, without its last lines", async () => {
  await using hive = engineHive(["--die-loading", "3", "--die-with", "xylophone error"]);
  await using telemetry = await TelemetryWatch.open(hive.url);
  await hive.run(FIXTURE);
  const failed = await telemetry.worker(({ state }) => state === "failed");
  const [listed] = await hive.list();
  assert.deepEqual(failed.error, { code: "worker_died", message: listed?.error?.message });
  assert.ok(listed?.error?.details !== undefined, "the list has them");
});

Deno.test("a hive's telemetry comes with each beat though nothing changes", async () => {
  await using hive = engineHive([], { beatMs: 10 });
  await using telemetry = await TelemetryWatch.open(hive.url);
  await telemetry.until((event) => telemetry.events.indexOf(event) >= 5);
  const times = telemetry.events.map(({ at }) => at);
  assert.deepEqual(times, times.toSorted());
});

Deno.test("a hive's telemetry has real figures of a worker that is busy", async () => {
  await using hive = new TestHive({ beatMs: 100 });
  const worker = await hive.spawn({ ...BEE_TINY, context: 4096, parallel: 1 });
  const client = proxied(hive, worker);
  const { job_id } = await client.submit({
    operation: "infer",
    model: "bee-tiny",
    prompt: "bee ".repeat(3000),
    max_tokens: 1000,
  });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const busy = await telemetry.worker(({ cpu_percent }) => (cpu_percent ?? 0) > 10);
  await client.cancel(job_id);
  assert.equal(busy.pid, worker.pid);
  // The model alone is larger.
  assert.ok(busy.memory_bytes! > 2_000_000, `${busy.memory_bytes}`);
  assert.ok(busy.uptime_ms > 0);
});

Deno.test("a hive's telemetry tells how many requests a worker has, and how long it has been up", async () => {
  await using hive = engineHive(["--gate"], { beatMs: 20 });
  await using telemetry = await TelemetryWatch.open(hive.url);
  const worker = await hive.spawn({ ...FIXTURE, parallel: 1 });
  const first = await keepBusy(hive, worker);
  const busy = await telemetry.worker(({ requests }) => requests === 1);
  assert.equal(busy.waiting, 0);
  const client = proxied(hive, worker);
  const second = client.submitAndStream({
    operation: "infer",
    model: "bee-tiny",
    prompt: "Fly",
    max_tokens: 1,
  }, () => {});
  const both = await telemetry.worker(({ waiting }) => waiting === 1);
  assert.equal(both.requests, 1);
  assert.ok(both.uptime_ms >= busy.uptime_ms);
  await control(worker, "release?count=2");
  assert.equal((await first.ended).at(-1)?.type, "done");
  assert.equal((await second).type, "done");
});

Deno.test("a hive's telemetry knows no figures of a worker without a process", async () => {
  await using hive = engineHive(["--die-loading"], { beatMs: 20 });
  await hive.run(FIXTURE);
  await using telemetry = await TelemetryWatch.open(hive.url);
  const [failed] = telemetry.events[0]!.workers;
  assert.deepEqual([failed?.cpu_percent, failed?.memory_bytes, failed?.uptime_ms, failed?.pid], [
    null,
    null,
    0,
    null,
  ]);
});

Deno.test("a hive's telemetry ends for every reader when the hive ends", async () => {
  await using hive = engineHive();
  await using first = await TelemetryWatch.open(hive.url);
  await using second = await TelemetryWatch.open(hive.url);
  hive.feed.close();
  await Promise.all([first.ended, second.ended]);
});

Deno.test("a reader of a hive's telemetry that goes holds nobody up", async () => {
  await using hive = engineHive([], { beatMs: 10 });
  const first = await TelemetryWatch.open(hive.url);
  await using second = await TelemetryWatch.open(hive.url);
  await first[Symbol.asyncDispose]();
  await second.until((event) => second.events.indexOf(event) >= 3);
});
