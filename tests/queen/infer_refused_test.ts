import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import { askedOf, control, engineHive, FIXTURE, keepBusy } from "../helpers/engine_hive.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { places } from "../helpers/hive_view.ts";
import type { TestHive } from "../helpers/test_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const MODEL = "hf:bees/tiny:bee-tiny-F16.gguf";
const ASK = { operation: "infer", model: MODEL, prompt: "Count", max_tokens: 1 };
const SPAWN = { operation: "worker_spawn", model: MODEL };
const FULL = new RbeeError("queue_full", "All slots are busy and 0 requests wait already");

/** Two hives that say nothing of their places, the first of which is chosen by its file. */
async function twoHives(resources: AsyncDisposableStack) {
  const near = resources.use(new FakeHive());
  const far = resources.use(new FakeHive());
  near.models = [{ name: MODEL, bytes: 1_700_000 }];
  const queen = resources.use(await TestQueen.start(near.url));
  queen.hives.add("far", { url: far.url });
  await queen.hives.ask("local");
  await queen.hives.ask("far");
  return { near, far, queen };
}

function end(events: readonly JobEvent[]): unknown[] {
  const last = events.at(-1);
  if (last?.type === "error") return ["error", last.code, last.message];
  return [last?.type, last?.type === "done" && (last.result as { hive: string }).hive];
}

function saidOf(events: readonly JobEvent[], action: string): string[] {
  return events.flatMap((event) =>
    event.type === "narration" && event.action === action ? [event.human] : []
  );
}

for (const body of [ASK, SPAWN]) {
  Deno.test(`${body.operation} that its hive refuses before it is a job is placed once more elsewhere, and says so`, async () => {
    await using resources = new AsyncDisposableStack();
    const { near, far, queen } = await twoHives(resources);
    near.refusal = FULL;
    const events = await queen.run(body);
    assert.deepEqual(end(events), ["done", "far"]);
    assert.deepEqual(saidOf(events, "retry"), [
      `Hive local has no room for ${MODEL}, trying another: ${FULL.message}`,
    ]);
    assert.deepEqual([near.spawns, far.spawns], [0, 1]);
  });

  for (const code of ["all_pinned", "insufficient_memory"]) {
    Deno.test(`${body.operation} that ends with ${code} on its hive is placed once more elsewhere`, async () => {
      await using resources = new AsyncDisposableStack();
      const { near, far, queen } = await twoHives(resources);
      near.spawned = () => {
        throw new RbeeError(code, "There is no room");
      };
      assert.deepEqual(end(await queen.run(body)), ["done", "far"]);
      assert.deepEqual([near.spawns, far.spawns], [1, 1]);
    });
  }

  Deno.test(`${body.operation} that two hives refuse is not placed a third time`, async () => {
    await using resources = new AsyncDisposableStack();
    const { near, far, queen } = await twoHives(resources);
    for (const hive of [near, far]) hive.refusal = FULL;
    const events = await queen.run(body);
    assert.deepEqual(end(events), ["error", "queue_full", FULL.message]);
    assert.equal(saidOf(events, "retry").length, 1);
  });

  Deno.test(`${body.operation} that is refused by the hive that was asked for goes nowhere else`, async () => {
    await using resources = new AsyncDisposableStack();
    const { near, far, queen } = await twoHives(resources);
    near.refusal = FULL;
    const events = await queen.run({ ...body, hive: "local" });
    assert.deepEqual(end(events), ["error", "queue_full", FULL.message]);
    assert.deepEqual([saidOf(events, "retry"), far.spawns], [[], 0]);
  });

  Deno.test(`${body.operation} that cannot be loaded for another reason is not tried elsewhere`, async () => {
    await using resources = new AsyncDisposableStack();
    const { near, far, queen } = await twoHives(resources);
    near.spawned = () => {
      throw new RbeeError("model_not_found", "The hub has no such model");
    };
    assert.deepEqual(end(await queen.run(body)).slice(0, 2), ["error", "model_not_found"]);
    assert.equal(far.spawns, 0);
  });
}

/** A queen with two real hives, `local` and `far`. */
async function realHives(resources: AsyncDisposableStack, near: TestHive, far: TestHive) {
  for (const hive of [near, far]) resources.use(hive);
  const queen = resources.use(await TestQueen.start(near.url));
  queen.hives.add("far", { url: far.url });
  await queen.hives.ask("local");
  await queen.hives.ask("far");
  return queen;
}

Deno.test("a request waits at the worker that has its model rather than fail where all places are pinned", async () => {
  await using resources = new AsyncDisposableStack();
  // Every hive has the demo model on its disk.
  const pinned = "hf:bees/pinned";
  const near = engineHive([], {
    limits: { max_workers: 1 },
    models: { [pinned]: { pin: true } },
    provideModel: () => findModelFile(DEMO_MODEL),
  });
  const far = engineHive(["--gate"], { models: { "bee-tiny": { parallel: 1 } } });
  const queen = await realHives(resources, near, far);
  await near.spawn({ ...FIXTURE, model: pinned });
  const worker = await far.spawn(FIXTURE);
  const ask = { ...ASK, model: "bee-tiny" };
  const first = await queen.watch(ask);
  await askedOf(worker, "?arrived=1");
  const second = await queen.watch(ask);
  const said = await second.said(/^Chose hive /);
  assert.equal(
    said.type === "narration" && said.human,
    "Chose hive far: it has bee-tiny loaded (1 request)",
  );
  for (const [at, job] of [first, second].entries()) {
    await askedOf(worker, `?arrived=${at + 1}`);
    await control(worker, "release");
    assert.deepEqual(end(await job.ended), ["done", "far"]);
  }
});

Deno.test("a request does not wait for a place where another hive has one", async () => {
  await using resources = new AsyncDisposableStack();
  const provideModel = () => findModelFile(DEMO_MODEL);
  const near = engineHive(["--gate"], { limits: { max_workers: 1 }, provideModel });
  const far = engineHive([], { models: { "bee-tiny": { engine: "fixture" } }, provideModel });
  const queen = await realHives(resources, near, far);
  // It has more workers, so that the places alone speak for it.
  for (const model of ["hf:bees/one", "hf:bees/two"]) await far.spawn({ ...FIXTURE, model });
  const busy = await near.spawn({ ...FIXTURE, model: "hf:bees/busy" });
  const request = await keepBusy(near, busy);
  const events = await queen.run({ ...ASK, model: "bee-tiny" });
  assert.deepEqual(end(events), ["done", "far"]);
  await control(busy, "release");
  await request.ended;
});

Deno.test("requests for two models at once go to two hives that have one place each", async () => {
  await using resources = new AsyncDisposableStack();
  const [near, far] = [resources.use(new FakeHive()), resources.use(new FakeHive())];
  const other = "hf:bees/other:other.gguf";
  for (const hive of [near, far]) {
    hive.models = [{ name: MODEL, bytes: 1_700_000 }, { name: other, bytes: 1_700_000 }];
    hive.places = places({ free: 1 });
  }
  const loaded = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  // The hive has not told of it yet.
  near.spawned = async (model) => {
    asked.resolve();
    await loaded.promise;
    return { ...near.addWorker({ model }) };
  };
  const queen = resources.use(await TestQueen.start(near.url));
  queen.hives.add("far", { url: far.url });
  await queen.hives.ask("local");
  await queen.hives.ask("far");
  const first = await queen.watch(ASK);
  await asked.promise;
  assert.deepEqual(end(await queen.run({ ...ASK, model: other })), ["done", "far"]);
  loaded.resolve();
  assert.deepEqual(end(await first.ended), ["done", "local"]);
});

Deno.test("a request for the processor is answered by the worker that took it of its own accord", async () => {
  await using resources = new AsyncDisposableStack();
  const hive = resources.use(engineHive([], { models: { "bee-tiny": { engine: "fixture" } } }));
  const queen = resources.use(await TestQueen.start(hive.url));
  const worker = await hive.spawn(FIXTURE);
  assert.equal(worker.device, "auto");
  const ask = { ...ASK, model: "bee-tiny", device: "cpu" };
  const spawn = { ...FIXTURE, device: "cpu", reuse: "any" };
  assert.equal((await hive.spawn(spawn)).worker_id, worker.worker_id);
  assert.deepEqual(end(await queen.run(ask)), ["done", "local"]);
  assert.equal((await hive.list()).length, 1);
});
