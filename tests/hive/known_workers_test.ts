import assert from "node:assert/strict";
import { dirname } from "node:path";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import { ChangingProgram } from "../helpers/changing_program.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import { parseFrames } from "../helpers/event_frames.ts";
import type { TestHive } from "../helpers/test_hive.ts";

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

const STORED = "hf:bees/tiny:tiny-Q4_K_M.gguf";

/** Puts a model into a hive's store. */
async function store(hive: TestHive, file: string): Promise<void> {
  const path = `${hive.models.store.folder}/hf/bees/tiny/${file}`;
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.copyFile((await findModelFile(DEMO_MODEL)).path, path);
  await hive.models.listed.look();
}

Deno.test("names that mean one stored file share a worker, which keeps the name that it was started with", async () => {
  await using hive = engineHive();
  await store(hive, "tiny-Q4_K_M.gguf");
  const model = "hf:bees/tiny";
  const worker = await hive.spawn({ ...FIXTURE, model });
  assert.deepEqual([worker.model, worker.stored_as], [model, STORED]);
  for (const [name, reuse] of [[STORED], ["hf:bees/tiny:q4_k_m"], [STORED, "any"]] as const) {
    const job = await hive.watch({ ...FIXTURE, model: name, ...(reuse && { reuse }) });
    const end = (await job.ended).at(-1);
    assert.ok(end?.type === "done");
    assert.equal((end.result as { worker_id: string }).worker_id, worker.worker_id);
    await job.said(new RegExp(`^${name} is already loaded as hf:bees/tiny \\(process \\d+\\)$`));
  }
  assert.equal((await hive.list()).length, 1);
});

Deno.test("names that mean one stored file share a worker while it starts, before it is known what it will be given", async () => {
  await using program = await ChangingProgram.make({ first: 'read _ < "$GATE"' });
  await using hive = engineHive([], { engine: { command: [program.path, ...engineCommand()] } });
  await store(hive, "tiny-Q4_K_M.gguf");
  const first = await hive.watch({ ...FIXTURE, model: STORED });
  await first.said(/^Spawning worker/);
  const second = await hive.watch({ ...FIXTURE, model: "hf:bees/tiny" });
  await second.said(/^hf:bees\/tiny is already being loaded as /);
  await program.release();
  for (const job of [first, second]) assert.equal((await job.ended).at(-1)?.type, "done");
  assert.equal((await hive.list()).length, 1);
});

Deno.test("a name that means several stored files shares no worker of one of them", async () => {
  await using hive = engineHive();
  await store(hive, "tiny-Q8_0.gguf");
  const first = await hive.spawn({ ...FIXTURE, model: "hf:bees/tiny:Q8_0" });
  await store(hive, "tiny-Q4_K_M.gguf");
  const second = await hive.spawn({ ...FIXTURE, model: "hf:bees/tiny" });
  assert.deepEqual([first.stored_as, second.stored_as], ["hf:bees/tiny:tiny-Q8_0.gguf", STORED]);
  // What each has been given is known all the same.
  const third = await hive.spawn({ ...FIXTURE, model: STORED });
  assert.equal(third.worker_id, second.worker_id);
});

Deno.test("names of one file with other options in rbee.yaml share no worker", async () => {
  await using hive = engineHive([], { models: { "hf:bees/tiny": { context: 64 } } });
  await store(hive, "tiny-Q4_K_M.gguf");
  await hive.spawn({ ...FIXTURE, model: "hf:bees/tiny" });
  await hive.spawn({ ...FIXTURE, model: STORED });
  assert.equal((await hive.list()).length, 2);
});

Deno.test("a name that means no model leaves no row in the list of workers, and its log is there", async () => {
  await using hive = engineHive();
  const events = await hive.run({ operation: "worker_spawn", model: "gpt-4o" });
  const end = events.at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "model_not_found");
  assert.deepEqual(await hive.list(), []);
  const { worker_id } = end.details as { worker_id: string };
  const response = await fetch(`${hive.url}/v1/workers/${worker_id}/log`);
  assert.equal(parseFrames(await response.text()).at(-1)?.event, "error");
});
