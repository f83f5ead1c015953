import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { isAlive } from "../../src/process/process_identity.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TestHive } from "../helpers/test_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const COUNT = {
  operation: "infer",
  model: "bee-tiny",
  messages: [{ role: "user", content: "Count to five." }],
  temperature: 0,
};

function outline(events: readonly JobEvent[]): string[] {
  return events.map((event) => event.type === "narration" ? event.action : event.type);
}

function textOf(events: readonly JobEvent[]): string {
  return events.map((event) => event.type === "token" ? event.text : "").join("");
}

Deno.test("infer() without a hive fails with what to type", async () => {
  await using queen = await TestQueen.start();
  const events = await queen.run(COUNT);
  assert.equal(events.length, 1);
  const [end] = events;
  assert.ok(end?.type === "error");
  assert.deepEqual([end.code, end.message], [
    "hive_unreachable",
    "Cannot place the request for bee-tiny: no hive is known; start one with rbee up",
  ]);
});

Deno.test("infer() waits for a hive that does not answer, tells why, and can be cancelled", async () => {
  const hive = new FakeHive();
  const { url } = hive;
  await hive[Symbol.asyncDispose]();
  await using queen = await TestQueen.start(url);
  const { job_id } = await queen.client.submit(COUNT);
  const events: JobEvent[] = [];
  for await (const event of queen.client.stream(job_id)) {
    events.push(event);
    if (event.type === "narration") await queen.client.cancel(job_id);
  }
  const [wait, end] = events;
  assert.ok(wait?.type === "narration");
  assert.deepEqual([wait.actor, wait.action, wait.level, wait.human], [
    "keeper",
    "hive_wait",
    "warn",
    `Waiting for hive "local": Cannot reach ${url}: connection refused; end it with rbee down, then rbee up`,
  ]);
  assert.equal(end?.type, "cancelled");
});

Deno.test("infer() refuses a hive that it does not know", async () => {
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  const [end] = await queen.run({ ...COUNT, hive: "attic" });
  assert.ok(end?.type === "error");
  assert.match(end.message, /there is no hive "attic" \(known: local\); see rbee hive list$/);
});

Deno.test("infer() has the model loaded and answers, all in one stream, then answers from the same worker", async () => {
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const first = await queen.run(COUNT);
  assert.equal(textOf(first), "one, two, three, four, five.");
  const end = first.at(-1);
  assert.ok(end?.type === "done");
  const [worker] = await hive.list();
  assert.deepEqual(end.result, {
    model: "bee-tiny",
    hive: "local",
    worker_id: worker!.worker_id,
  });
  assert.equal(end.usage?.prompt_tokens, 12);
  assert.equal(end.finish_reason, "stop");
  assert.equal(outline(first)[0], "placement");
  assert.ok(
    first.some((event) =>
      event.type === "narration" && event.actor === "worker" && event.action === "model_load"
    ),
  );
  const second = await queen.run(COUNT);
  assert.equal(textOf(second), textOf(first));
  const [placement] = second;
  assert.ok(placement?.type === "narration");
  // How busy it was at the hive's last beat, which may have been in the middle of the first.
  assert.match(placement.human, /^Chose hive local: it has bee-tiny loaded \(/);
  assert.ok(!outline(second).includes("model_load"));
  assert.equal((await hive.list()).length, 1);
});

Deno.test("infer() never narrates prompt or answer, in any of the processes", async () => {
  using said = new RecordedNarration();
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const events = await queen.run({ ...COUNT, stop: ["zanzibar"] });
  const narrations = events.filter(({ type }) => type !== "token");
  for (const text of [JSON.stringify(narrations), JSON.stringify(said.records)]) {
    assert.ok(!/Count to|three|zanzibar/.test(text), text);
  }
  assert.ok(!/Count to|three|zanzibar/.test(hive.diagnostics.join("\n")));
});

Deno.test("infer() cancelled while the model loads leaves no worker behind", async () => {
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const job = await queen.watch(COUNT);
  const started = await job.said(/^Worker process \d+ started$/);
  assert.ok(started.type === "narration");
  const pid = Number(started.fields?.["pid"]);
  await queen.client.cancel(job.id);
  assert.equal((await job.ended).at(-1)?.type, "cancelled");
  assert.equal(isAlive(pid), false);
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("infer() asks the worker for what was asked, without what the queen decides", async () => {
  await using hive = new FakeHive();
  hive.addWorker({ device: "cpu", engine: "llama" });
  await using queen = await TestQueen.start(hive.url);
  await queen.run({
    ...COUNT,
    hive: "local",
    device: "cpu",
    engine: "llama",
    max_tokens: 3,
    seed: 7,
  });
  assert.deepEqual(hive.asked, [{ ...COUNT, max_tokens: 3, seed: 7 }]);
  assert.equal(hive.spawns, 0);
});

Deno.test("infer() asks the hive for any worker that will do, without what is the worker's to know", async () => {
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  await queen.run({ ...COUNT, hive: "local", max_tokens: 3 });
  await queen.run({ ...COUNT, device: "cpu", engine: "llama-server" });
  const spawn = { operation: "worker_spawn", model: "bee-tiny", reuse: "any" };
  assert.deepEqual(hive.spawnsAsked, [
    spawn,
    { ...spawn, device: "cpu", engine: "llama-server" },
  ]);
});

Deno.test("infer() spreads requests over idle workers, also those between two beats of the hive", async () => {
  await using hive = new FakeHive();
  const ids = [hive.addWorker(), hive.addWorker()].map(({ worker_id }) => worker_id);
  hive.answers.push("hold", "hold");
  await using queen = await TestQueen.start(hive.url);
  const jobs = [];
  for (const n of [1, 2]) {
    jobs.push(await queen.watch(COUNT));
    await hive.gates.reached(`answer ${n}`);
  }
  hive.gates.openAll();
  const asked = [];
  for (const { ended } of jobs) {
    const end = (await ended).at(-1);
    assert.ok(end?.type === "done", JSON.stringify(end));
    asked.push((end.result as { worker_id: string }).worker_id);
  }
  assert.deepEqual(asked.toSorted(), ids.toSorted());
});

Deno.test("infer() fails when the hive does not say which worker it started", async () => {
  await using hive = new FakeHive();
  hive.spawned = () => ({ worker_id: "nonsense" });
  await using queen = await TestQueen.start(hive.url);
  const end = (await queen.run(COUNT)).at(-1);
  assert.ok(end?.type === "error");
  assert.deepEqual([end.code, end.message], [
    "bad_answer",
    'Hive "local" did not say which worker it started',
  ]);
});
