import assert from "node:assert/strict";
import { JobClient } from "../../src/jobs/job_client.ts";
import { JobReader } from "../helpers/job_reader.ts";
import { keptPort } from "../helpers/kept_port.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

const ask = (model: string) => ({ operation: "infer", model, prompt: "Hello" });

/** The jobs of the hive and its workers that run now, each read by somebody who stays. */
async function jobsElsewhere(home: SupervisedHome): Promise<JobReader[]> {
  const readers: JobReader[] = [];
  for (const job of await home.hive.list({ state: "running" })) {
    readers.push(new JobReader(home.hive, job.job_id));
  }
  return readers;
}

Deno.test("a queen killed while jobs load and answer tells how they ended, and their work is cancelled", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({
    slow: fixtureEngine("--load-ms", "600000"),
    gated: fixtureEngine("--gate"),
  }));
  const { url } = await home.spawn("gated");
  const answering = await home.watch(ask("gated"));
  await (await fetch(`${url}/control/release`, { method: "POST" })).json();
  await answering.token();
  const waiting = await home.watch(ask("gated"));
  await waiting.said("placement");
  await (await fetch(`${url}/control/requests?arrived=2`)).json();
  const loading = await home.watch(ask("slow"));
  await loading.seen((event) => event.type === "log" && /loading model/.test(event.line));
  const spawning = await home.watch({ operation: "worker_spawn", model: "slow" });
  await spawning.said("worker_wait");
  const family = await home.family();
  assert.equal(family.length, 2);
  const elsewhere = await jobsElsewhere(home);
  assert.equal(elsewhere.length, 2, "the two that wait for the load");
  const listed = await home.rbee.rbee(["worker", "list"]);
  assert.match(listed.stdout, /^slow +loading .*\ngated +ready /m);

  await home.kill("queen");
  await home.up();

  for (const job of [answering, waiting, loading, spawning]) {
    const events = await Array.fromAsync(home.queen.stream(job.jobId));
    const end = events.at(-1);
    assert.ok(end?.type === "error", JSON.stringify(end));
    assert.equal(end.code, "interrupted");
    assert.match(end.message, /submit it again/);
  }
  for (const job of elsewhere) assert.equal((await job.end).type, "cancelled");
  await home.workerIs("slow", "stopped");
  const asked = await (await fetch(`${url}/control/requests?ended=2`)).json();
  assert.deepEqual(
    asked.requests.map(({ state }: { state: string }) => state),
    ["cancelled", "cancelled"],
  );
  await home.workerIs("gated", "ready", ({ requests }) => requests === 0);
  const list = await home.rbee.rbee(["job", "list"]);
  assert.equal(list.code, 0, list.stderr);
  assert.doesNotMatch(list.stdout, /running|queued/);
  await home.end();
});

Deno.test("a queen killed as soon as she has taken a job never leaves who waits for it without an end", async () => {
  await using home = await SupervisedHome.up(
    enginesAsModels({ canned: fixtureEngine("--gate") }),
    { RBEE_QUEEN_PORT: String(keptPort()) },
  );
  await home.spawn("canned");
  const running = home.rbee.start(["infer", "canned", "Hello"]);
  const patient = new JobClient(home.queen.baseUrl);
  await running.line(/placement/);
  const submitted = await patient.submit(ask("canned"));
  const reader = new JobReader(patient, submitted.job_id);
  await home.kill("queen");
  await running.line(/reconnect/);
  await home.up();
  // What she took in her last 100 ms may not be on disk; she then says that she has no such job.
  const end = await reader.end.catch((error: unknown) => error);
  assert.match(JSON.stringify(end), /"code":"(interrupted|job_not_found)"/);
  const { code, stderr } = await running.result;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^Error: .*(ended before it did; submit it again|Cannot find job)/m);
  await home.workerIs("canned", "ready", ({ requests }) => requests === 0);
  await home.end();
});
