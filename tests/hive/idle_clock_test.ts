import assert from "node:assert/strict";
import {
  askedOf,
  control,
  engineHive,
  FIXTURE,
  holdingHive,
  keepBusy,
} from "../helpers/engine_hive.ts";
import { nextNarration } from "../helpers/next_narration.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import type { TestHive } from "../helpers/test_hive.ts";

/** Has a second model loaded, and resolves when its worker was stopped for being idle. */
async function anotherIsIdle(hive: TestHive): Promise<void> {
  await using folder = await TemporaryFolder.make();
  const model = folder.join("another.gguf");
  await Deno.writeTextFile(model, "GGUF");
  const { worker_id } = await hive.spawn({ ...FIXTURE, model });
  await hive.workers.get(worker_id).gone;
}

Deno.test("a worker that is not used for the idle time is stopped, and the hive says so", async () => {
  await using hive = engineHive([], { limits: { idle: "50ms" } });
  const idle = nextNarration("worker_idle");
  const { worker_id } = await hive.spawn(FIXTURE);
  await hive.workers.get(worker_id).gone;
  const { human, level, fields, job_id } = await idle;
  assert.equal(human, "Stopping the worker for bee-tiny: it was not used for 0.1 s");
  assert.deepEqual([level, fields, job_id], ["info", { worker_id }, undefined]);
  const [stopped] = await hive.list();
  assert.deepEqual([stopped?.state, stopped?.error], ["stopped", undefined]);
});

Deno.test("a worker of our own is stopped when it is idle too", async () => {
  await using hive = engineHive([], { limits: { idle: "50ms" } });
  const { worker_id } = await hive.spawn();
  await hive.workers.get(worker_id).gone;
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("a worker is loaded again after it was stopped for being idle", async () => {
  await using hive = engineHive([], { limits: { idle: "50ms" } });
  const first = await hive.spawn(FIXTURE);
  await hive.workers.get(first.worker_id).gone;
  const second = await hive.spawn(FIXTURE);
  assert.notEqual(second.worker_id, first.worker_id);
  await hive.workers.get(second.worker_id).gone;
});

Deno.test("a worker is not idle while it loads, however long that takes", async () => {
  await using hive = engineHive(["--load-ms", "300"], { limits: { idle: "10ms" } });
  const end = (await hive.run(FIXTURE)).at(-1);
  assert.equal(end?.type, "done");
});

Deno.test("a worker is not idle while a request runs, and its time begins when that has ended", async () => {
  const { hive: held, letGo } = holdingHive(["--gate"], { limits: { idle: "50ms" } });
  await using hive = held;
  using narration = new RecordedNarration();
  const busy = await hive.spawn(FIXTURE);
  const job = await keepBusy(hive, busy);
  letGo();
  // As long an idle time as its own has passed meanwhile.
  await anotherIsIdle(hive);
  assert.equal(hive.workers.get(busy.worker_id).state, "ready");
  await control(busy, "release");
  assert.equal((await job.ended).at(-1)?.type, "done");
  await hive.workers.get(busy.worker_id).gone;
  const idle = narration.records.filter(({ action }) => action === "worker_idle");
  assert.equal(idle.length, 2);
  assert.equal(idle[1]?.fields?.["worker_id"], busy.worker_id);
});

Deno.test("a worker is not idle while one of the engine's own routes answers", async () => {
  const { hive: held, letGo } = holdingHive(["--gate"], { limits: { idle: "50ms" } });
  await using hive = held;
  const busy = await hive.spawn(FIXTURE);
  const answer = fetch(`${hive.url}/v1/workers/${busy.worker_id}/proxy/v1/completions`, {
    method: "POST",
    body: JSON.stringify({ prompt: "Fly", max_tokens: 1 }),
  });
  await askedOf(busy, "?arrived=1");
  letGo();
  await anotherIsIdle(hive);
  const { state } = hive.workers.get(busy.worker_id);
  if (state === "ready") await control(busy, "release");
  const response = await answer;
  await response.body?.cancel();
  assert.deepEqual([state, response.status], ["ready", 200]);
});

Deno.test("a worker that was started again is idle as any other", async () => {
  const { hive: held, letGo } = holdingHive([], { limits: { idle: "50ms" } });
  await using hive = held;
  await using telemetry = await TelemetryWatch.open(hive.url);
  const worker = await hive.spawn(FIXTURE);
  Deno.kill(worker.pid!, "SIGKILL");
  await telemetry.worker(({ state, restarts }) => state === "ready" && restarts === 1);
  letGo();
  await hive.workers.get(worker.worker_id).gone;
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

for (
  const [what, models] of [
    ["pinned", { "bee-tiny": { pin: true } }],
    ["pinned, whatever its own idle time", { "bee-tiny": { pin: true, idle: "1ms" } }],
    ["given no idle time (0)", { "bee-tiny": { idle: 0 } }],
    ["given a longer idle time", { "bee-tiny": { idle: "1h" } }],
    ["given an idle time longer than a timer can be", { "bee-tiny": { idle: "30d" } }],
  ] as const
) {
  Deno.test(`a worker whose model is ${what} stays while another goes`, async () => {
    await using hive = engineHive([], { limits: { idle: "50ms" }, models });
    const { worker_id } = await hive.spawn(FIXTURE);
    await anotherIsIdle(hive);
    assert.equal(hive.workers.get(worker_id).state, "ready");
  });
}

Deno.test("a model has an idle time of its own, also where the hive has none", async () => {
  await using hive = engineHive([], {
    limits: { idle: 0 },
    models: { "bee-tiny": { idle: "50ms" } },
  });
  const { worker_id } = await hive.spawn(FIXTURE);
  await hive.workers.get(worker_id).gone;
});
