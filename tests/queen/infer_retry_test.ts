import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { startCuttableProxy } from "../helpers/cuttable_proxy.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const ASK = { operation: "infer", model: "bee-tiny", prompt: "Hello" };

function outline(events: readonly JobEvent[]): string[] {
  return events.map((event) => event.type === "narration" ? event.action : event.type);
}

/** The sentence that was narrated first for an action. */
function said(events: readonly JobEvent[], action: string): string | undefined {
  for (const event of events) {
    if (event.type === "narration" && event.action === action) return event.human;
  }
  return undefined;
}

function errorOf(events: readonly JobEvent[]): string[] {
  const end = events.at(-1);
  assert.ok(end?.type === "error", JSON.stringify(end));
  return [end.code, end.message];
}

/** Which worker answered. */
function workerOf(events: readonly JobEvent[]): unknown {
  const end = events.at(-1);
  assert.ok(end?.type === "done", JSON.stringify(end));
  return (end.result as { worker_id: string }).worker_id;
}

Deno.test("infer() has a worker in the place of one that is lost before its first token", async () => {
  await using hive = new FakeHive();
  const lost = hive.addWorker();
  hive.answers.push("gone");
  await using queen = await TestQueen.start(hive.url);
  const events = await queen.run(ASK);
  assert.deepEqual(outline(events), [
    "placement",
    "retry",
    "placement",
    "worker_spawn",
    "token",
    "done",
  ]);
  assert.equal(said(events, "retry"), "Trying once more: The worker has died");
  assert.notEqual(workerOf(events), lost.worker_id);
});

Deno.test("infer() asks another ready worker in the place of one that is lost", async () => {
  await using hive = new FakeHive();
  hive.addWorker();
  const other = hive.addWorker({ requests: 3 });
  hive.answers.push("gone");
  await using queen = await TestQueen.start(hive.url);
  const events = await queen.run(ASK);
  assert.deepEqual(outline(events), ["placement", "retry", "placement", "token", "done"]);
  assert.equal(workerOf(events), other.worker_id);
});

Deno.test("infer() asks again when the worker was started again and has forgotten the job", async () => {
  await using hive = new FakeHive();
  hive.addWorker();
  hive.answers.push("forgotten");
  await using queen = await TestQueen.start(hive.url);
  const events = await queen.run(ASK);
  assert.equal(
    said(events, "retry"),
    'Trying once more: The worker for "bee-tiny" died and was started again',
  );
  assert.deepEqual(outline(events).slice(-2), ["token", "done"]);
  assert.equal(hive.asked.length, 2);
});

Deno.test("infer() tries no third time", async () => {
  for (const answers of [["gone", "gone"], ["forgotten", "gone"]] as const) {
    await using hive = new FakeHive();
    hive.addWorker();
    hive.answers.push(...answers);
    await using queen = await TestQueen.start(hive.url);
    assert.deepEqual(errorOf(await queen.run(ASK)), ["worker_gone", "The worker has died"]);
    assert.equal(hive.asked.length, 2);
  }
});

Deno.test("infer() does not begin again after a token, which would then come twice", async () => {
  await using hive = new FakeHive();
  hive.addWorker();
  hive.answers.push("token_then_gone");
  await using queen = await TestQueen.start(hive.url);
  const events = await queen.run(ASK);
  assert.deepEqual(outline(events), ["placement", "token", "error"]);
  assert.equal(hive.asked.length, 1);
});

Deno.test("infer() says what has become of a worker that has forgotten the job after a token", async () => {
  await using hive = new FakeHive();
  hive.addWorker();
  hive.answers.push("token_then_forgotten");
  await using queen = await TestQueen.start(hive.url);
  const events = await queen.run(ASK);
  assert.deepEqual(outline(events).filter((each) => each !== "reconnect"), [
    "placement",
    "token",
    "error",
  ]);
  assert.deepEqual(errorOf(events), [
    "worker_gone",
    'The worker for "bee-tiny" died and was started again',
  ]);
  assert.equal(hive.asked.length, 1);
});

Deno.test("infer() asks a hive that was killed and started again at another address", async () => {
  await using before = new FakeHive();
  await using after = new FakeHive();
  before.addWorker();
  before.answers.push("hold");
  await using network = startCuttableProxy(before.url);
  await using queen = await TestQueen.start(network.url);
  const job = await queen.watch(ASK);
  await before.gates.reached("answer 1");
  await queen.moveHive(after.url);
  network.breakDown();
  const events = await job.ended;
  assert.match(
    said(events, "retry") ?? "",
    /^Trying once more: the worker on hive "local" has gone: /,
  );
  assert.deepEqual(outline(events).slice(-2), ["token", "done"]);
  assert.deepEqual([after.spawns, after.asked.length], [1, 1]);
});

Deno.test("infer() waits for a hive that is out of reach and still at its address", async () => {
  await using hive = new FakeHive();
  hive.addWorker();
  hive.answers.push("hold");
  await using network = startCuttableProxy(hive.url);
  await using queen = await TestQueen.start(network.url);
  const job = await queen.watch(ASK);
  await hive.gates.reached("answer 1");
  network.breakDown();
  await job.said(/^Lost the worker on hive "local", trying again: /);
  hive.gates.open("answer 1");
  network.restore();
  const events = await job.ended;
  assert.deepEqual(outline(events).slice(-2), ["token", "done"]);
  assert.deepEqual([said(events, "retry"), hive.asked.length], [undefined, 1]);
});

Deno.test("infer() that is cancelled while it asks again ends as cancelled", async () => {
  await using hive = new FakeHive();
  hive.addWorker();
  hive.answers.push("gone", "hold");
  await using queen = await TestQueen.start(hive.url);
  const job = await queen.watch(ASK);
  await hive.gates.reached("answer 2");
  await queen.client.cancel(job.id);
  assert.equal((await job.ended).at(-1)?.type, "cancelled");
  assert.equal(hive.asked.length, 2);
});

/** Has whoever holds the request of a hive's worker cancel it there. */
function cancelThere(hive: FakeHive, reason: string): void {
  const [job, ...others] = hive.server.registry.active();
  assert.deepEqual(others, []);
  job!.cancel(reason);
}

Deno.test("infer() asks again when the worker was told to end before its first token", async () => {
  await using hive = new FakeHive();
  const worker = hive.addWorker();
  hive.answers.push("hold");
  await using queen = await TestQueen.start(hive.url);
  const job = await queen.watch(ASK);
  await hive.gates.reached("answer 1");
  // As its hive has it when the process has ended.
  worker.state = "starting";
  cancelThere(hive, "the worker is stopping");
  const events = await job.ended;
  assert.equal(
    said(events, "retry"),
    'Trying once more: The worker for "bee-tiny" was told to end',
  );
  assert.deepEqual(outline(events).slice(-2), ["token", "done"]);
  assert.equal(hive.asked.length, 2);
});

for (
  const [who, reason, state] of [
    ["a person cancels at the worker", "on request", "ready"],
    ["its hive stops", "the worker is stopping", "stopping"],
    ["its hive has stopped", "the worker is stopping", "stopped"],
  ] as const
) {
  Deno.test(`infer() does not begin again what ${who}`, async () => {
    await using hive = new FakeHive();
    const worker = hive.addWorker();
    hive.answers.push("hold");
    await using queen = await TestQueen.start(hive.url);
    const job = await queen.watch(ASK);
    await hive.gates.reached("answer 1");
    worker.state = state;
    cancelThere(hive, reason);
    assert.deepEqual(errorOf(await job.ended), [
      "cancelled_elsewhere",
      `the worker on hive "local" cancelled the work: ${reason}`,
    ]);
    assert.equal(hive.asked.length, 1);
  });
}
