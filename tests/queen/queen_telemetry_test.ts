import assert from "node:assert/strict";
import { timestampSchema } from "../../src/contracts/identifiers.ts";
import { queenTelemetrySchema, type WorkerTelemetry } from "../../src/contracts/telemetry.ts";
import type { KnownHive } from "../../src/queen/known_hive.ts";
import { queenTelemetry } from "../../src/queen/queen_telemetry.ts";
import { TokenRates } from "../../src/queen/token_rates.ts";
import { VERSION } from "../../src/version.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { ScriptedHive, telemetryWorker } from "../helpers/scripted_hive.ts";
import { TelemetryReader } from "../helpers/telemetry_reader.ts";
import { BEE_TINY, TestHive } from "../helpers/test_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const HIVE: KnownHive = {
  name: "attic",
  url: "http://127.0.0.1:1",
  version: VERSION,
  state: "connected",
  workers: [],
  devices: [],
  load: [1, 2, 3],
  models: [],
  engines: [],
  mayReturn: true,
};

/** A worker as its hive tells of it, in the queen's telemetry while nobody asks it anything. */
function asQueenTells(worker: WorkerTelemetry): WorkerTelemetry {
  return { ...worker, tokens_per_second: 0 };
}

Deno.test("queenTelemetry() tells the hives as they are listed, and the workers of all", () => {
  const [one, two] = [telemetryWorker(), telemetryWorker({ hive: "cellar" })];
  const known = [
    { ...HIVE, workers: [one] },
    { ...HIVE, name: "cellar", workers: [two], unreachable: "no", state: "unreachable" as const },
  ];
  const tokens = new TokenRates();
  const telemetry = queenTelemetrySchema.parse(queenTelemetry({ known: () => known, tokens }));
  assert.ok(timestampSchema.safeParse(telemetry.at).success);
  assert.deepEqual(
    telemetry.hives.map((
      { name, state, error, workers, load },
    ) => [name, state, error, workers, load]),
    [["attic", "connected", undefined, 1, [1, 2, 3]], ["cellar", "unreachable", "no", 1, [
      1,
      2,
      3,
    ]]],
  );
  assert.deepEqual(telemetry.workers, [one, two].map(asQueenTells));
});

Deno.test("queenTelemetry() tells how many tokens of each worker come through her, whatever its hive says", () => {
  const [busy, idle] = [telemetryWorker(), telemetryWorker()];
  const workers = [{ ...busy, tokens_per_second: 1e6 }, { ...idle, tokens_per_second: 1e6 }];
  const tokens = new TokenRates();
  for (let n = 0; n < 50; n++) tokens.count({ hive: "attic", workerId: busy.worker_id });
  const told = queenTelemetry({ known: () => [{ ...HIVE, workers }], tokens }).workers;
  assert.ok(told[0]!.tokens_per_second! > 0 && told[0]!.tokens_per_second! <= 25);
  assert.equal(told[1]!.tokens_per_second, 0);
});

Deno.test("queenTelemetry() leaves out a worker of which there are no figures yet", () => {
  const { cpu_percent: _c, memory_bytes: _m, uptime_ms: _u, ...noted } = telemetryWorker();
  const full = telemetryWorker();
  const known = [{ ...HIVE, workers: [noted, full] }];
  const { workers } = queenTelemetry({ known: () => known, tokens: new TokenRates() });
  assert.deepEqual(workers, [asQueenTells(full)]);
});

Deno.test("queenTelemetry() of a queen without hives is empty", () => {
  const { hives, workers } = queenTelemetry({ known: () => [], tokens: new TokenRates() });
  assert.deepEqual([hives, workers], [[], []]);
});

Deno.test("GET /v1/telemetry/stream of the queen shows hives and workers and their changes", async () => {
  await using hive = new ScriptedHive();
  hive.workers = [telemetryWorker({ state: "loading" })];
  await using queen = await TestQueen.start(hive.url);
  await using telemetry = new TelemetryReader(queen.url, queenTelemetrySchema);
  const { hives, workers } = await telemetry.until(({ workers }) => workers.length === 1);
  assert.deepEqual(hives.map(({ name, state, workers }) => [name, state, workers]), [
    ["local", "connected", 1],
  ]);
  assert.deepEqual(workers, hive.workers.map(asQueenTells));

  hive.workers = [{ ...hive.workers[0]!, state: "ready", requests: 2, cpu_percent: 99 }];
  hive.beat();
  const ready = await telemetry.until(({ workers }) => workers[0]?.state === "ready");
  assert.deepEqual(ready.workers, hive.workers.map(asQueenTells));

  hive.health = { status: "stopping" };
  hive.endStreams();
  const lost = await telemetry.until(({ hives }) => hives[0]?.state === "unreachable");
  assert.deepEqual([lost.workers, lost.hives[0]?.workers], [[], 0]);
  assert.match(lost.hives[0]?.error ?? "", /ended the connection/);

  hive.health = {};
  const count = telemetry.seen.length;
  await telemetry.until((each) =>
    telemetry.seen.indexOf(each) >= count && each.hives[0]?.state === "connected"
  );
});

Deno.test("GET /v1/telemetry/stream of the queen follows the life of a real worker", async () => {
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  await using telemetry = new TelemetryReader(queen.url, queenTelemetrySchema);
  const end = (await queen.run(BEE_TINY)).at(-1);
  assert.equal(end?.type, "done", JSON.stringify(end));
  const { workers: [worker] } = await telemetry.until(({ workers }) =>
    workers[0]?.state === "ready"
  );
  assert.deepEqual([worker?.model, worker?.hive, worker?.restarts], ["bee-tiny", "local", 0]);
  const { worker_id } = worker!;
  await queen.run({ operation: "worker_stop", worker_id });
  await telemetry.until(({ workers }) => workers[0]?.state === "stopped");
  const states = telemetry.seen.flatMap(({ workers }) => workers[0]?.state ?? []);
  const order = [...new Set(states)];
  assert.deepEqual(
    order,
    ["starting", "loading", "ready", "stopping", "stopped"].filter((state) =>
      order.includes(state as typeof order[number])
    ),
  );
});

Deno.test("GET /v1/telemetry/stream of the queen ends with her", async () => {
  await using hive = new FakeHive();
  const queen = await TestQueen.start(hive.url);
  await using telemetry = new TelemetryReader(queen.url, queenTelemetrySchema);
  await telemetry.until(({ hives }) => hives[0]?.state === "connected");
  await queen[Symbol.asyncDispose]();
  await telemetry.ended;
});

Deno.test("queen asks the worker that was spawned a moment ago before telemetry names it", async () => {
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  await queen.hives.ask();
  // From here on the hive's telemetry says nothing new.
  hive.mute();
  const spawned = (await queen.run(BEE_TINY)).at(-1);
  assert.ok(spawned?.type === "done");
  const answered = await queen.run({ operation: "infer", model: "bee-tiny", prompt: "Hello" });
  const [placement, ...rest] = answered;
  assert.ok(placement?.type === "narration");
  assert.equal(placement.human, "Chose hive local: it has bee-tiny loaded (idle)");
  assert.deepEqual(rest.map(({ type }) => type), ["token", "done"]);
  assert.equal(hive.spawns, 1);
  const again = await queen.run({ operation: "infer", model: "other", prompt: "Hello" });
  assert.equal(again.at(-1)?.type, "done");
  await queen.run({ operation: "infer", model: "other", prompt: "Hello" });
  assert.equal(hive.spawns, 2, "what an answer had started is known too");
});
