import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import { engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import type { TestHive } from "../helpers/test_hive.ts";

const ONE = { max_workers: 1, idle: 0 };
const SLOW = { ...FIXTURE, model: "hf:bees/slow" };

/** A store that has the demo model, never finds `hf:no/such`, and fetches `hf:bees/slow` until told. */
function slowStore() {
  const arrived = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const provideModel = async (model: string, signal: AbortSignal) => {
    if (model === "hf:no/such") {
      throw new RbeeError("model_not_found", "The hub has no hf:no/such (404)");
    }
    if (model === SLOW.model) {
      begun.resolve();
      const stopped = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => stopped.reject(signal.reason), { once: true });
      await Promise.race([arrived.promise, stopped.promise]);
    }
    return await findModelFile(DEMO_MODEL);
  };
  return { provideModel, begun: begun.promise, arrive: () => arrived.resolve() };
}

/** Has a worker that nobody uses, and nobody has just been given. */
async function idleWorker(hive: TestHive) {
  const worker = await hive.spawn(FIXTURE);
  hive.workers.use(worker.worker_id)();
  return worker;
}

Deno.test("a model that nobody has stops no idle worker", async () => {
  await using hive = engineHive([], { limits: ONE, provideModel: slowStore().provideModel });
  const idle = await idleWorker(hive);
  const end = (await hive.run({ ...FIXTURE, model: "hf:no/such" })).at(-1);
  assert.equal(end?.type === "error" && end.code, "model_not_found");
  assert.equal(hive.workers.get(idle.worker_id).state, "ready");
});

Deno.test("a model that is still being fetched has no place, and stops nobody until it is there", async () => {
  const { provideModel, begun, arrive } = slowStore();
  await using hive = engineHive([], { limits: ONE, provideModel });
  const slow = await hive.watch(SLOW);
  await begun;
  const idle = await idleWorker(hive);
  assert.equal(hive.workers.get(idle.worker_id).state, "ready");
  arrive();
  const events = await slow.ended;
  assert.equal(events.at(-1)?.type, "done", JSON.stringify(events.at(-1)));
  assert.equal(hive.workers.get(idle.worker_id).state, "stopped");
});

Deno.test("a spawn that is cancelled while its model is fetched leaves the place as it was", async () => {
  const { provideModel, begun } = slowStore();
  await using hive = engineHive([], { limits: ONE, provideModel });
  const slow = await hive.watch(SLOW);
  await begun;
  await hive.client.cancel(slow.id);
  assert.equal((await slow.ended).at(-1)?.type, "cancelled");
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
  await hive.spawn(FIXTURE);
});

Deno.test("no more models are fetched than could have a place, or wait for one, by one", async () => {
  const { provideModel, begun } = slowStore();
  await using hive = engineHive([], { limits: { ...ONE, max_queue: 0 }, provideModel });
  await hive.watch(SLOW);
  await begun;
  const idle = await idleWorker(hive);
  await hive.workers.stop(idle.worker_id, "the test wants its place");
  await hive.watch({ ...SLOW, context: 8 });
  const refused = await hive.client.submit(FIXTURE).catch((error: unknown) => error);
  assert.equal(refused instanceof RbeeError && refused.code, "queue_full");
});

Deno.test("who waits until an idle worker has gone is told that, and not that it is in use", async () => {
  await using hive = engineHive([], { limits: ONE });
  await idleWorker(hive);
  const events = await hive.run({ ...FIXTURE, context: 8 });
  assert.equal(events.at(-1)?.type, "done");
  const waits = events.flatMap((event) =>
    event.type === "narration" && event.fields?.["place"] !== undefined ? [event.human] : []
  );
  assert.deepEqual(waits, ["A worker is being stopped to make room; place 1 in the queue"]);
});
