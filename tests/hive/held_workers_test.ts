import assert from "node:assert/strict";
import { control, engineHive, FIXTURE, keepBusy } from "../helpers/engine_hive.ts";

const ONE = { limits: { max_workers: 1, idle: "1ms" } };
/** As the queen asks for a worker to which she sends a request at once. */
const FOR_REQUEST = { ...FIXTURE, reuse: "any" };

Deno.test("a worker that was just given to somebody is neither idle nor makes room until they use it", async () => {
  await using hive = engineHive(["--gate"], ONE);
  const worker = await hive.spawn(FOR_REQUEST);
  // Longer than its idle time, and somebody wants its place.
  const other = await hive.watch({ ...FIXTURE, context: 8 });
  await other.said(/place 1 /);
  const request = await keepBusy(hive, worker);
  assert.equal(hive.workers.get(worker.worker_id).state, "ready");
  await control(worker, "release");
  assert.equal((await request.ended).at(-1)?.type, "done");
  // Used and let go, it makes room.
  assert.equal((await other.ended).at(-1)?.type, "done");
  await hive.workers.get(worker.worker_id).gone;
});

Deno.test("a worker that was given to several is kept until each has used it", async () => {
  await using hive = engineHive(["--gate"], ONE);
  const worker = await hive.spawn(FOR_REQUEST);
  await hive.spawn(FOR_REQUEST);
  const other = await hive.watch({ ...FIXTURE, context: 8 });
  await other.said(/place 1 /);
  for (let n = 0; n < 2; n++) {
    const request = await keepBusy(hive, worker);
    await control(worker, "release");
    assert.equal((await request.ended).at(-1)?.type, "done");
  }
  assert.equal((await other.ended).at(-1)?.type, "done");
});

Deno.test("a worker that was given to somebody who does not use it is let go in the end", async () => {
  await using hive = engineHive([], ONE);
  const { worker_id } = await hive.spawn(FIXTURE);
  await hive.workers.get(worker_id).gone;
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("a worker that was just given to somebody can be stopped on request", async () => {
  await using hive = engineHive([], ONE);
  const { worker_id } = await hive.spawn(FOR_REQUEST);
  const end = (await hive.run({ operation: "worker_stop", worker_id })).at(-1);
  assert.equal(end?.type, "done");
});
