import assert from "node:assert/strict";
import { ChangingProgram } from "../helpers/changing_program.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import { parseFrames } from "../helpers/event_frames.ts";

const MISSING = { missing: { command: ["/missing/engine", "{port}"] } };

Deno.test("a hive keeps the last 50 workers that have ended, and all that run", async () => {
  await using hive = engineHive([], { engines: MISSING });
  const running = await hive.spawn(FIXTURE);
  for (let n = 0; n < 53; n++) await hive.run({ ...FIXTURE, engine: "missing" });
  const workers = await hive.list();
  assert.equal(workers.length, 51);
  assert.equal(workers.at(-1)?.worker_id, running.worker_id);
  const ids = workers.map(({ worker_id }) => worker_id);
  // Their ids begin with the time.
  assert.deepEqual(ids, ids.toSorted().reverse(), "the newest comes first");
});

Deno.test("the log of a worker that is no longer listed is there for as long as it is kept", async () => {
  await using hive = engineHive([], { engines: MISSING });
  await hive.run({ ...FIXTURE, engine: "missing" });
  const [{ worker_id } = assert.fail()] = await hive.list();
  for (let n = 0; n < 50; n++) await hive.run({ ...FIXTURE, engine: "missing" });
  assert.ok(!(await hive.list()).some((worker) => worker.worker_id === worker_id));
  const response = await fetch(`${hive.url}/v1/workers/${worker_id}/log`);
  assert.equal(parseFrames(await response.text()).at(-1)?.event, "error");
});

Deno.test("a spawn that takes any worker of its model has the one that is ready, whatever its options", async () => {
  await using hive = engineHive();
  const ready = await hive.spawn({ ...FIXTURE, context: 64 });
  const job = await hive.watch({ ...FIXTURE, reuse: "any" });
  const end = (await job.ended).at(-1);
  assert.equal(
    end?.type === "done" && (end.result as { worker_id: string }).worker_id,
    ready.worker_id,
  );
  // Its own options come first, where there is a worker with them.
  const own = await hive.spawn(FIXTURE);
  const again = await hive.spawn({ ...FIXTURE, reuse: "any" });
  assert.equal(again.worker_id, own.worker_id);
  assert.equal((await hive.list()).length, 2);
});

Deno.test("a spawn that takes any worker of its model waits for one that loads", async () => {
  await using program = await ChangingProgram.make({ first: 'read _ < "$GATE"' });
  await using hive = engineHive([], { engine: { command: [program.path, ...engineCommand()] } });
  const first = await hive.watch({ ...FIXTURE, context: 64 });
  await first.said(/^Worker process/);
  const second = await hive.watch({ ...FIXTURE, reuse: "any" });
  await second.said(/^bee-tiny is already being loaded/);
  await program.release();
  for (const job of [first, second]) assert.equal((await job.ended).at(-1)?.type, "done");
  assert.equal((await hive.list()).length, 1);
});

Deno.test("a spawn that takes any worker starts one where there is none of its model, engine and device", async () => {
  await using hive = engineHive([], { engines: { other: { command: engineCommand() } } });
  await hive.spawn({ ...FIXTURE, device: "cpu" });
  await hive.spawn({ ...FIXTURE, engine: "other", reuse: "any" });
  await hive.spawn({ ...FIXTURE, device: "cuda:1", reuse: "any" });
  assert.equal((await hive.list()).length, 3);
});
