import assert from "node:assert/strict";
import { FakeHive } from "../helpers/fake_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";
import type { WatchedJob } from "../helpers/test_hive.ts";

const MODEL = "hf:bees/tiny:bee-tiny-F16.gguf";
const ASK = { operation: "infer", model: MODEL, prompt: "Count", max_tokens: 1 };

/** Two hives that have the model on their disks, and a queen that knows both. */
async function twoHives(resources: AsyncDisposableStack) {
  const near = resources.use(new FakeHive());
  const far = resources.use(new FakeHive());
  for (const hive of [near, far]) hive.models = [{ name: MODEL, bytes: 1_700_000 }];
  const queen = resources.use(await TestQueen.start(near.url));
  queen.hives.add("far", { url: far.url });
  await queen.hives.ask("local");
  await queen.hives.ask("far");
  return { near, far, queen };
}

async function hiveOf(job: WatchedJob): Promise<string> {
  const end = (await job.ended).at(-1);
  assert.ok(end?.type === "done", JSON.stringify(end));
  return (end.result as { hive: string }).hive;
}

function placementOf({ events }: WatchedJob): string | undefined {
  return events.flatMap((event) =>
    event.type === "narration" && event.action === "placement" ? [event.human] : []
  )[0];
}

Deno.test("infer() goes over to another hive that has the file when all slots are taken, and says why", async () => {
  await using resources = new AsyncDisposableStack();
  const { near, far, queen } = await twoHives(resources);
  near.addWorker({ model: MODEL, parallel: 1 });
  near.answers.push("hold");
  // What the hive has told is known when it lists it.
  await queen.hives.refresh();
  const first = await queen.watch(ASK);
  await near.gates.reached("answer 1");
  const second = await queen.watch(ASK);
  assert.equal(await hiveOf(second), "far");
  assert.equal(
    placementOf(second),
    "Chose hive far: it has the model; all slots of the workers that have it loaded are taken",
  );
  assert.deepEqual([near.spawns, far.spawns], [0, 1]);
  near.gates.openAll();
  assert.equal(await hiveOf(first), "local");
});

Deno.test("infer() stays where the model is when the other hive would have to fetch it", async () => {
  await using resources = new AsyncDisposableStack();
  const { near, far, queen } = await twoHives(resources);
  near.addWorker({ model: "/models/own.gguf", parallel: 1 });
  near.answers.push("hold");
  const ask = { ...ASK, model: "/models/own.gguf" };
  const first = await queen.watch(ask);
  await near.gates.reached("answer 1");
  const second = await queen.watch(ask);
  assert.equal(await hiveOf(second), "local");
  assert.equal(far.spawns, 0);
  near.gates.openAll();
  assert.equal(await hiveOf(first), "local");
});

Deno.test("infer() uses a worker that has the file by another name, and answers with the name that was asked for", async () => {
  await using resources = new AsyncDisposableStack();
  const { near, far, queen } = await twoHives(resources);
  near.addWorker({ model: MODEL, stored_as: MODEL });
  await queen.hives.refresh();
  const job = await queen.watch({ ...ASK, model: "hf:bees/tiny" });
  const end = (await job.ended).at(-1);
  assert.ok(end?.type === "done", JSON.stringify(end));
  assert.equal((end.result as { model: string }).model, "hf:bees/tiny");
  assert.equal(
    placementOf(job),
    `Chose hive local: it has hf:bees/tiny loaded as ${MODEL} (idle)`,
  );
  assert.deepEqual([near.spawns, far.spawns], [0, 0]);
  // The worker knows its model by the name that it was started with.
  assert.deepEqual(near.asked.map((asked) => (asked as { model: string }).model), [MODEL]);
});

Deno.test("infer() asks a worker by the name that its hive started it with, and has that load what was asked for", async () => {
  await using resources = new AsyncDisposableStack();
  const { near, far, queen } = await twoHives(resources);
  const shared = near.addWorker({ model: MODEL, state: "loading" });
  near.spawned = () => ({ ...shared, state: "ready" });
  await queen.hives.refresh();
  const job = await queen.watch({ ...ASK, model: "hf:bees/tiny:F16" });
  assert.equal(await hiveOf(job), "local");
  assert.deepEqual([near.spawns, far.spawns], [1, 0]);
  assert.equal((near.spawnsAsked[0] as { model: string }).model, "hf:bees/tiny:F16");
  assert.deepEqual(near.asked.map((asked) => (asked as { model: string }).model), [MODEL]);
});

Deno.test("infer() sends a request to the hive that was just asked to load the file by another name", async () => {
  await using resources = new AsyncDisposableStack();
  const { near, queen } = await twoHives(resources);
  const first = await queen.watch({ ...ASK, hive: "far" });
  await first.said(/^Chose hive far/);
  const second = await queen.watch({ ...ASK, model: "hf:bees/tiny" });
  assert.deepEqual([await hiveOf(first), await hiveOf(second)], ["far", "far"]);
  assert.equal(near.spawns, 0);
});
