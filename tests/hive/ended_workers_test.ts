import assert from "node:assert/strict";
import { endedWorkers, jobIdOf } from "../../src/hive/ended_workers.ts";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import { type Frame, jsonOf, parseFrames } from "../helpers/event_frames.ts";
import { KeptHives } from "../helpers/kept_hives.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";
import type { TestHive } from "../helpers/test_hive.ts";

/** What the route of a worker's log answers with, which must end by itself. */
async function logOf(hive: TestHive, workerId: string): Promise<Frame[]> {
  const response = await fetch(`${hive.url}/v1/workers/${workerId}/log`);
  assert.equal(response.status, 200);
  return parseFrames(await response.text());
}

/** The lines among the events of a log. */
function linesOf(frames: readonly Frame[]): unknown[] {
  return frames.filter(({ event }) => event === "log").map((frame) => jsonOf(frame)["line"]);
}

Deno.test("the log of a worker that failed while it loaded holds all that it printed, on both outputs", async () => {
  await using hive = engineHive(["--die-loading", "3", "--die-with", "error: it broke"]);
  await hive.run(FIXTURE);
  const [failed] = await hive.list();
  const frames = await logOf(hive, failed!.worker_id);
  const lines = linesOf(frames);
  assert.ok(lines.includes("load_tensors: 50 % of the tensors are loaded"), lines.join("\n"));
  assert.ok(lines.includes("error: it broke"));
  // Colours are for terminals.
  assert.ok(lines.includes("system info: n_threads = 2"));
  const end = jsonOf(frames.at(-1));
  assert.equal(frames.at(-1)?.event, "error");
  assert.equal(end["message"], failed?.error?.message);
  assert.match(failed?.error?.message ?? "", /\(exit code 3\), and last said "error: it broke"; /);
  const { last_lines } = failed?.error?.details as { last_lines: string[] };
  assert.equal(last_lines.at(-1), "error: it broke");
});

Deno.test("the log of a worker begins with what it is", async () => {
  await using hive = engineHive();
  const worker = await hive.spawn({ ...FIXTURE, context: 64, device: "cpu" });
  const response = await fetch(`${hive.url}/v1/workers/${worker.worker_id}/log?follow=false`);
  const [first] = parseFrames(await response.text());
  assert.deepEqual([first?.event, jsonOf(first)["name"], jsonOf(first)["value"]], [
    "data",
    "worker",
    {
      worker_id: worker.worker_id,
      model: "bee-tiny",
      engine: "fixture",
      device: "cpu",
      options: { context: 64 },
    },
  ]);
});

Deno.test("a hive lists the workers of the hive before it, and streams their logs as they were", async () => {
  await using hives = await KeptHives.make();
  const first = hives.start(["--die-loading", "3", "--die-with", "error: it broke"]);
  await first.run(FIXTURE);
  const [failed] = await first.list();
  const before = await logOf(first, failed!.worker_id);
  await hives.stop();
  const second = hives.start();
  const [listed] = await second.list();
  assert.deepEqual(
    { ...listed, started_at: "" },
    { ...failed, started_at: "" },
  );
  assert.deepEqual(await logOf(second, failed!.worker_id), before);
  // What is new stands before what is old.
  const worker = await second.spawn(FIXTURE);
  assert.deepEqual((await second.list()).map(({ worker_id }) => worker_id), [
    worker.worker_id,
    failed?.worker_id,
  ]);
});

Deno.test("a worker that was stopped is listed as stopped by the next hive", async () => {
  await using hives = await KeptHives.make();
  const { worker_id } = await hives.start().spawn(FIXTURE);
  await hives.stop();
  const second = hives.start();
  const [listed] = await second.list();
  assert.deepEqual([listed?.worker_id, listed?.state, listed?.error], [
    worker_id,
    "stopped",
    undefined,
  ]);
  assert.equal((await logOf(second, worker_id)).at(-1)?.event, "done");
});

Deno.test("a worker whose hive was killed is listed as lost, with what is kept of its log", async () => {
  await using hives = await KeptHives.make();
  const { worker_id } = await hives.start().spawn(FIXTURE);
  await hives.crash();
  const second = hives.start();
  const [listed] = await second.list();
  assert.deepEqual([listed?.worker_id, listed?.state, listed?.pid, listed?.url], [
    worker_id,
    "failed",
    null,
    null,
  ]);
  assert.deepEqual(listed?.error, {
    code: "worker_lost",
    message: "Its hive was killed, and the worker ended with it",
  });
  const frames = await logOf(second, worker_id);
  assert.ok(linesOf(frames).includes("main: model loaded"));
  assert.equal(frames.at(-1)?.event, "error");
});

Deno.test("a worker of a hive before is not there to be used, and stopping it is fine", async () => {
  await using hives = await KeptHives.make();
  const first = hives.start(["--die-loading", "3"]);
  await first.run(FIXTURE);
  const [failed] = await first.list();
  await hives.stop();
  const second = hives.start();
  const response = await fetch(`${second.url}/v1/workers/${failed!.worker_id}/proxy/health`);
  assert.equal(response.status, 502);
  const { error } = await response.json();
  assert.deepEqual([error.code, error.message], ["worker_gone", failed?.error?.message]);
  const end = (await second.run({ operation: "worker_stop", worker_id: failed!.worker_id })).at(-1);
  assert.ok(end?.type === "done");
  assert.equal((end.result as { state: string }).state, "failed");
});

Deno.test("a worker of a hive before is no part of the telemetry", async () => {
  await using hives = await KeptHives.make();
  await hives.start().spawn(FIXTURE);
  await hives.stop();
  const second = hives.start();
  assert.equal((await second.list()).length, 1);
  await using telemetry = await TelemetryWatch.open(second.url);
  assert.deepEqual(telemetry.events[0]?.workers, []);
});

Deno.test("endedWorkers() leaves out what is no worker's log, and gives the newest of the others, oldest first", () => {
  const logs = new JobRegistry();
  const ids: string[] = [];
  for (let n = 0; n < 4; n++) {
    const { job } = logs.create({ operation: "worker" });
    job.start();
    const value = { model: `m${n}`, engine: "x", device: "cpu" };
    if (n !== 2) job.log.append({ type: "data", name: "worker", value });
    job.finishDone({ result: null });
    ids.push(job.id);
  }
  const { job: odd } = logs.create({ operation: "worker" });
  odd.log.append({ type: "data", name: "worker", value: { model: 7 } });
  assert.deepEqual(endedWorkers(logs, "h", 50).map(({ model }) => model), ["m0", "m1", "m3"]);
  const [last] = endedWorkers(logs, "h", 2);
  assert.deepEqual([last?.model, last?.hive, jobIdOf(last!.worker_id)], ["m3", "h", ids[3]]);
});
