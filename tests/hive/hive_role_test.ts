import assert from "node:assert/strict";
import { within } from "../../src/base/delay.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { workerInfoSchema, workerListSchema } from "../../src/contracts/worker.ts";
import { requestJson } from "../../src/http/api_client.ts";
import { isAlive } from "../../src/process/process_identity.ts";
import { processEnded } from "../helpers/ended_process.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { FIXTURE } from "../helpers/engine_hive.ts";
import { FakeHub } from "../helpers/fake_hub.ts";
import { rawConnect } from "../helpers/raw_http.ts";
import { RbeeHome, type RunningCommand } from "../helpers/rbee_home.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";
import { BEE_TINY } from "../helpers/test_hive.ts";

const PATIENCE_MS = 20_000;
const SERVE = ["serve", "--role", "hive", "--port", "0"];

/** Starts a hive as a process of its own and gives its address. */
async function startHive(home: RbeeHome): Promise<{ hive: RunningCommand; url: string }> {
  const hive = home.start(SERVE);
  const line = await hive.line(/The hive is ready at/);
  const [url] = /http:\/\/\S+/.exec(line) ?? assert.fail(line);
  return { hive, url };
}

/** Resolves when no process of the home is left. */
async function nothingRuns(home: RbeeHome): Promise<void> {
  while (home.processes().length > 0) await Deno.stat("/proc");
}

async function spawnWorker(url: string): Promise<{ pid: number; url: string }> {
  const end = await new JobClient(url).submitAndStream(BEE_TINY, () => {});
  assert.ok(end.type === "done");
  const worker = workerInfoSchema.parse(end.result);
  return { pid: worker.pid!, url: worker.url! };
}

Deno.test("a worker ends when its hive's process is killed with SIGKILL", async () => {
  await using home = await RbeeHome.create();
  const { hive, url } = await startHive(home);
  const worker = await spawnWorker(url);
  assert.ok(isAlive(worker.pid));
  using conn = await rawConnect(worker.url);
  hive.signal("SIGKILL");
  await hive.result;
  await processEnded(worker.pid, conn);
  assert.deepEqual(home.processes(), []);
});

Deno.test("a worker that still loads ends when its hive's process is killed with SIGKILL", async () => {
  await using home = await RbeeHome.create();
  const { hive, url } = await startHive(home);
  await new JobClient(url).submit(BEE_TINY);
  const listening = await hive.line(/^\[worker +\] listening/);
  const [workerUrl] = /http:\/\/\S+/.exec(listening) ?? assert.fail(listening);
  const [{ pid } = assert.fail("there is no worker")] = home.processes()
    .filter(({ command }) => / --role worker /.test(command));
  using conn = await rawConnect(workerUrl);
  hive.signal("SIGKILL");
  await hive.result;
  await processEnded(pid, conn);
  // A short test of llama.cpp's binary, which the worker may have begun, ends by itself.
  await within(nothingRuns(home), PATIENCE_MS);
  assert.deepEqual(home.processes(), []);
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  Deno.test(`a hive that gets ${signal} ends its workers and itself with 0 and removes its pid file`, async () => {
    await using home = await RbeeHome.create();
    const { hive, url } = await startHive(home);
    const file = await home.daemon("hive");
    assert.deepEqual([file.pid, file.url], [hive.pid, url]);
    await spawnWorker(url);
    hive.signal(signal);
    const { code, stdout, stderr } = await hive.result;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Stopping the worker for bee-tiny: the hive is stopping/);
    assert.match(stdout, /The hive has stopped\n$/);
    assert.deepEqual(home.processes(), []);
    await assert.rejects(home.daemon("hive"), Deno.errors.NotFound);
  });
}

Deno.test("a hive ends when POST /v1/shutdown asks it to", async () => {
  await using home = await RbeeHome.create();
  const { hive, url } = await startHive(home);
  await spawnWorker(url);
  const response = await fetch(`${url}/v1/shutdown`, { method: "POST" });
  assert.deepEqual([response.status, await response.json()], [202, { status: "stopping" }]);
  assert.equal((await hive.result).code, 0);
  assert.deepEqual(home.processes(), []);
});

Deno.test("a hive that stops ends its downloads at once, tells who waits for them, and keeps what came", async () => {
  await using hub = await FakeHub.start();
  hub.file("bees/tiny", "bee-tiny-F16.gguf").holdAfter = 600_000;
  await using home = await RbeeHome.create();
  home.env["HF_ENDPOINT"] = hub.url;
  const { hive, url } = await startHive(home);
  const client = new JobClient(url);
  const waiting = ["model_download", "worker_spawn"].map((operation) =>
    client.submitAndStream({ operation, model: "hf:bees/tiny" }, () => {})
  );
  await hub.server.held();
  hive.signal("SIGTERM");
  // After the grace period they would have been cancelled.
  for (const end of await Promise.all(waiting)) {
    assert.ok(end.type === "error", JSON.stringify(end));
    assert.equal(end.code, "shutting_down", end.message);
    assert.match(end.message, /the hive is stopping; ask for the model again, and it goes on$/);
  }
  assert.equal((await hive.result).code, 0);
  const folder = Deno.readDir(`${home.path}/data/models/hf/bees/tiny`);
  const left = (await Array.fromAsync(folder)).map(({ name }) => name);
  assert.ok(left.includes("bee-tiny-F16.gguf.part"), left.join());
});

Deno.test("a second hive of one home is refused and names the first", async () => {
  await using home = await RbeeHome.create();
  const { hive, url } = await startHive(home);
  const second = await home.rbee(SERVE);
  assert.equal(second.code, 1);
  assert.ok(
    second.stdout.includes(
      `Another one already runs for this home: process ${hive.pid} at ${url}; stop it first, or set RBEE_HOME`,
    ),
    second.stdout,
  );
  // The first is none the worse for it.
  assert.equal((await home.daemon("hive")).pid, hive.pid);
  hive.signal("SIGTERM");
  assert.equal((await hive.result).code, 0);
});

Deno.test("a hive narrates on standard output and keeps diagnostics on standard error", async () => {
  await using home = await RbeeHome.create();
  const { hive, url } = await startHive(home);
  await new JobClient(url).submitAndStream({ ...BEE_TINY, context: 2048, parallel: 1 }, () => {});
  hive.signal("SIGTERM");
  const { stdout, stderr } = await hive.result;
  for (const line of stdout.trimEnd().split("\n")) {
    assert.match(line, /^\[(hive|worker) +\] \S+ *: /);
  }
  assert.match(stdout, /^\[worker {4}\] model_load {5}: Loading bee-tiny: 100 %$/m);
  assert.match(stderr, /^worker-\S+ stderr: .*n_ctx_train/m);
  assert.ok(!/\[hive/.test(stderr), stderr);
});

Deno.test("a hive loads what rbee.yaml wants from the begin, and gives engines no value of rbee's own", async () => {
  await using home = await RbeeHome.create();
  await home.configure({
    models: { "bee-tiny": { preload: true, engine: "fixture" } },
    engines: { fixture: { command: engineCommand("--print-env", "RBEE_HOME") } },
  });
  const { hive, url } = await startHive(home);
  await hive.line(/^\[hive +\] preload +: Loading bee-tiny, as rbee\.yaml says$/);
  await hive.line(/^worker-\S+ stdout: env RBEE_HOME is not set$/);
  await using telemetry = await TelemetryWatch.open(url);
  await telemetry.worker(({ state }) => state === "ready");
  const end = await new JobClient(url).submitAndStream(
    { operation: "worker_spawn", model: "bee-tiny" },
    (event) => {
      if (event.type === "narration") assert.equal(event.action, "worker_reuse");
    },
  );
  assert.equal(end.type, "done");
  hive.signal("SIGTERM");
  assert.equal((await hive.result).code, 0);
});

Deno.test("a hive ends what a hive before it that was killed has left, and lists it as lost", async () => {
  await using home = await RbeeHome.create();
  await home.configure({
    // An engine knows no pipe to its parent; one that obeys nothing is killed.
    engines: { fixture: { command: engineCommand("--fork-daemon", "--forks", "2") } },
  });
  const first = await startHive(home);
  const end = await new JobClient(first.url).submitAndStream(FIXTURE, () => {});
  assert.ok(end.type === "done");
  const worker = workerInfoSchema.parse(end.result);
  // By the next beat what was said is on disk, which is written ten times a second.
  const telemetry = await TelemetryWatch.open(first.url);
  await telemetry.until((event) => telemetry.events.indexOf(event) === 1);
  await telemetry[Symbol.asyncDispose]();
  first.hive.signal("SIGKILL");
  await first.hive.result;
  assert.equal(isAlive(worker.pid!), true);
  const second = await startHive(home);
  assert.equal(isAlive(worker.pid!), false);
  await second.hive.line(
    /leftovers +: Ended 4 processes that a hive which was killed had left running$/,
  );
  const { workers } = await requestJson(`${second.url}/v1/workers`, { schema: workerListSchema });
  assert.deepEqual(workers.map(({ worker_id, state, error }) => [worker_id, state, error?.code]), [
    [worker.worker_id, "failed", "worker_lost"],
  ]);
  const log = await fetch(`${second.url}/v1/workers/${worker.worker_id}/log`);
  assert.match(await log.text(), /main: model loaded/);
  second.hive.signal("SIGTERM");
  await second.hive.result;
  assert.deepEqual(home.processes(), []);
});

Deno.test("the telemetry of a hive ends with the hive, after its last worker has", async () => {
  await using home = await RbeeHome.create();
  const { hive, url } = await startHive(home);
  await using telemetry = await TelemetryWatch.open(url);
  await spawnWorker(url);
  hive.signal("SIGTERM");
  await telemetry.ended;
  assert.deepEqual(telemetry.events.at(-1)?.workers.map(({ state }) => state), ["stopped"]);
  assert.equal((await hive.result).code, 0);
});
