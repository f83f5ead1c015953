import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { errorBodySchema } from "../../src/contracts/error_body.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const ASK = { operation: "infer", model: "bee-tiny", prompt: "Hello" };
const ONE_AND_ONE = { max_requests: 1, max_queue: 1 };

/** A hive whose worker holds the first so many requests at their gates. */
function holdingHive(count: number): FakeHive {
  const hive = new FakeHive();
  hive.addWorker();
  hive.answers.push(...Array.from({ length: count }, () => "hold" as const));
  return hive;
}

/** The places in the queue that were narrated, in order. */
function places(events: readonly JobEvent[]): unknown[] {
  return events.flatMap((event) =>
    event.type === "narration" && event.action === "infer_wait" ? [event.fields?.["place"]] : []
  );
}

/** An answer to a submit, read to its end. */
interface Answer {
  status: number;
  retryAfter: string | null;
  body: unknown;
}

async function submit(queen: TestQueen, fields: Record<string, unknown> = {}): Promise<Answer> {
  const answer = await fetch(`${queen.url}/v1/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...ASK, ...fields }),
  });
  const { status, headers } = answer;
  return { status, retryAfter: headers.get("retry-after"), body: await answer.json() };
}

function assertFull({ status, retryAfter, body }: Answer): void {
  assert.deepEqual([status, retryAfter], [503, "5"]);
  assert.deepEqual(errorBodySchema.parse(body), {
    error: {
      code: "queue_full",
      message: "All slots are busy and 1 requests wait already; try again in 5 s",
      type: "server_error",
      details: { waiting: 1, retry_after_s: 5 },
    },
  });
}

Deno.test("queen runs as many requests as she may, has the next wait, and refuses what is over", async () => {
  await using hive = holdingHive(1);
  await using queen = await TestQueen.start(hive.url, ONE_AND_ONE);
  const first = await queen.watch(ASK);
  await hive.gates.reached("answer 1");
  const second = await queen.watch(ASK);
  const wait = await second.said(/place 1 in the queue/);
  assert.ok(wait.type === "narration");
  assert.deepEqual([wait.action, wait.human, wait.job_id, wait.fields], [
    "infer_wait",
    "All 1 requests that may run at once do; place 1 in the queue",
    second.id,
    { place: 1 },
  ]);
  assertFull(await submit(queen));
  assert.equal(hive.asked.length, 1, "who waits has not asked");
  hive.gates.open("answer 1");
  const [ran, waited] = await Promise.all([first.ended, second.ended]);
  assert.deepEqual([ran.at(-1)?.type, waited.at(-1)?.type], ["done", "done"]);
  assert.deepEqual([places(ran), places(waited)], [[], [1]]);
  const third = await queen.run(ASK);
  assert.deepEqual([third.at(-1)?.type, places(third)], ["done", []]);
});

Deno.test("queen lets a job of an id that she knows be submitted again though her queue is full", async () => {
  await using hive = holdingHive(1);
  await using queen = await TestQueen.start(hive.url, ONE_AND_ONE);
  const [first, second] = [newJobId(), newJobId()];
  assert.equal((await submit(queen, { job_id: first })).status, 202);
  await hive.gates.reached("answer 1");
  assert.equal((await submit(queen, { job_id: second })).status, 202);
  for (const job_id of [first, second]) {
    const repeat = await submit(queen, { job_id });
    assert.deepEqual([repeat.status, (repeat.body as { job_id: string }).job_id], [202, job_id]);
  }
  assertFull(await submit(queen, { job_id: newJobId() }));
  hive.gates.open("answer 1");
  await Promise.all(queen.server.registry.active().map((job) => job.ended));
  assert.equal(hive.asked.length, 2);
});

Deno.test("queen moves the next up when one that waits is cancelled", async () => {
  await using hive = holdingHive(1);
  await using queen = await TestQueen.start(hive.url, { max_requests: 1, max_queue: 3 });
  const first = await queen.watch(ASK);
  await hive.gates.reached("answer 1");
  const waiting = [];
  for (const place of [1, 2, 3]) {
    const job = await queen.watch(ASK);
    await job.said(RegExp(`place ${place} in the queue`));
    waiting.push(job);
  }
  const [second, third, fourth] = waiting as [typeof first, typeof first, typeof first];
  await queen.client.cancel(second.id);
  await third.said(/place 1 in the queue/);
  await fourth.said(/place 2 in the queue/);
  const gone = await second.ended;
  assert.deepEqual([gone.at(-1)?.type, places(gone)], ["cancelled", [1]]);
  hive.gates.open("answer 1");
  const [, ...rest] = await Promise.all([first.ended, third.ended, fourth.ended]);
  assert.deepEqual(rest.map((events) => events.at(-1)?.type), ["done", "done"]);
  assert.deepEqual(rest.map(places), [[2, 1], [3, 2, 1]]);
  assert.equal(hive.asked.length, 3);
});

Deno.test("queen has room again when one that runs is cancelled", async () => {
  await using hive = holdingHive(1);
  await using queen = await TestQueen.start(hive.url, { max_requests: 1, max_queue: 0 });
  const first = await queen.watch(ASK);
  await hive.gates.reached("answer 1");
  assert.equal((await submit(queen)).status, 503);
  await queen.client.cancel(first.id);
  await first.ended;
  assert.equal((await queen.run(ASK)).at(-1)?.type, "done");
});

Deno.test("queen has room again when one that runs has failed", async () => {
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url, { max_requests: 1, max_queue: 0 });
  for (let n = 0; n < 3; n++) {
    const [end] = await queen.run({ ...ASK, hive: "attic" });
    assert.equal(end?.type, "error");
  }
  assert.equal((await queen.run(ASK)).at(-1)?.type, "done");
});

Deno.test("queen bounds inference alone: the rest is answered while her queue is full", async () => {
  await using hive = holdingHive(1);
  await using queen = await TestQueen.start(hive.url, { max_requests: 1, max_queue: 0 });
  const first = await queen.watch(ASK);
  await hive.gates.reached("answer 1");
  assert.equal((await submit(queen)).status, 503);
  for (const operation of ["status", "worker_list", "hive_list"]) {
    assert.equal((await queen.run({ operation })).at(-1)?.type, "done");
  }
  hive.gates.open("answer 1");
  assert.equal((await first.ended).at(-1)?.type, "done");
});

Deno.test("queen answers many at once in their turn, never more than she may", async () => {
  await using hive = holdingHive(3);
  await using queen = await TestQueen.start(hive.url, { max_requests: 3, max_queue: 20 });
  const jobs = await Promise.all(Array.from({ length: 12 }, () => queen.watch(ASK)));
  await Promise.all([1, 2, 3].map((n) => hive.gates.reached(`answer ${n}`)));
  assert.equal(hive.asked.length, 3);
  for (const n of [1, 2, 3]) hive.gates.open(`answer ${n}`);
  const all = await Promise.all(jobs.map((job) => job.ended));
  assert.ok(all.every((events) => events.at(-1)?.type === "done"));
  assert.equal(hive.asked.length, 12);
});
