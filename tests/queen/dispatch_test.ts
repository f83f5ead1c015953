import assert from "node:assert/strict";
import { hiveListSchema } from "../../src/contracts/hive.ts";
import { workerInfoSchema, workerListSchema } from "../../src/contracts/worker.ts";
import { VERSION } from "../../src/version.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { BEE_TINY, TestHive } from "../helpers/test_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

/** The result of an operation that does nothing but answer. */
async function resultOf(queen: TestQueen, body: { operation: string }): Promise<unknown> {
  const end = (await queen.run(body)).at(-1);
  assert.ok(end?.type === "done", JSON.stringify(end));
  return end.result;
}

Deno.test("queenOperations() has status and the lists of hives and workers", async () => {
  await using hive = new FakeHive();
  const worker = hive.addWorker();
  await using queen = await TestQueen.start(hive.url);
  const { hives } = hiveListSchema.parse(await resultOf(queen, { operation: "hive_list" }));
  assert.deepEqual(hives.map(({ name, state, workers }) => [name, state, workers]), [
    ["local", "connected", 1],
  ]);
  assert.deepEqual(await resultOf(queen, { operation: "status" }), {
    role: "queen",
    version: VERSION,
    hives,
  });
  const list = (body: Record<string, unknown>) =>
    resultOf(queen, { operation: "worker_list", ...body })
      .then((result) => workerListSchema.parse(result).workers);
  assert.deepEqual(await list({}), [worker]);
  assert.deepEqual(await list({ hive: "local" }), [worker]);
  assert.deepEqual(await list({ hive: "attic" }), []);
});

Deno.test("queenOperations() spawns a worker on a hive and stops it, telling what they say", async () => {
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const spawned = await queen.run({ ...BEE_TINY, hive: "local", parallel: 1 });
  const end = spawned.at(-1);
  assert.ok(end?.type === "done");
  const worker = workerInfoSchema.parse(end.result);
  assert.deepEqual(await hive.list(), [worker]);
  const [placement] = spawned;
  assert.ok(placement?.type === "narration");
  assert.equal(placement.human, "Chose hive local: it was asked for");
  assert.ok(
    spawned.some((event) =>
      event.type === "narration" && event.actor === "worker" && event.action === "model_load"
    ),
  );
  const stopped = await queen.run({ operation: "worker_stop", worker_id: worker.worker_id });
  assert.equal(stopped.at(-1)?.type, "done");
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("queenOperations() says that there is no hive to spawn on and no worker to stop", async () => {
  await using queen = await TestQueen.start();
  const spawn = (await queen.run(BEE_TINY)).at(-1);
  assert.ok(spawn?.type === "error");
  assert.deepEqual([spawn.code, spawn.message], [
    "hive_unreachable",
    "Cannot place the request for bee-tiny: no hive is known; start one with rbee up",
  ]);
  const worker_id = "worker-019c1234-5678-7abc-8def-0123456789ab";
  const stop = (await queen.run({ operation: "worker_stop", worker_id })).at(-1);
  assert.ok(stop?.type === "error");
  assert.deepEqual([stop.code, stop.message], [
    "worker_not_found",
    `Cannot find worker "${worker_id}"; rbee worker list shows those that are known`,
  ]);
});

Deno.test("the queen's routes list hives and workers and pass a worker's log on", async () => {
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const { worker_id } = await hive.spawn();
  const get = async (path: string) => await (await fetch(queen.url + path)).json();
  assert.deepEqual(await get("/v1/workers"), { workers: await hive.list() });
  assert.equal((await get("/v1/hives")).hives[0].name, "local");
  const path = `/v1/workers/${worker_id}/log?follow=false`;
  const log = await fetch(queen.url + path);
  assert.match(log.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.equal(await log.text(), await (await fetch(hive.url + path)).text());
  const resumed = await fetch(queen.url + path, { headers: { "Last-Event-ID": "2" } });
  assert.ok((await resumed.text()).includes("\nid: 3\n"));
  const missing = await fetch(`${queen.url}/v1/workers/${worker_id.replace(/.$/, "_")}/log`);
  assert.equal(missing.status, 404);
  assert.equal((await missing.json()).error.code, "worker_not_found");
});

for (
  const [field, body] of Object.entries({
    model: { operation: "infer", prompt: "x" },
    prompt: { operation: "infer", model: "m" },
    temperature: { operation: "infer", model: "m", prompt: "x", temperature: 2.1 },
    max_tokens: { operation: "infer", model: "m", prompt: "x", max_tokens: 0 },
    device: { operation: "infer", model: "m", prompt: "x", device: "tpu" },
    n: { operation: "infer", model: "m", prompt: "x", n: 2 },
    worker_id: { operation: "worker_stop", worker_id: "x" },
    hive: { operation: "worker_list", hive: "../x" },
    operation: { operation: "dance" },
  })
) {
  Deno.test(`queenOperations() refuses a request with a wrong ${field} and names it`, async () => {
    await using queen = await TestQueen.start();
    await assert.rejects(queen.client.submit(body), (error: Error & { details?: unknown }) => {
      assert.deepEqual(error.details, { field });
      assert.ok(error.message.includes(`"${field}"`), error.message);
      return true;
    });
  });
}
