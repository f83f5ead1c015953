import assert from "node:assert/strict";
import { loadEngine } from "../../src/worker/load_engine.ts";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { stayAwake } from "../helpers/stay_awake.ts";

stayAwake();

const CHECKED = { device: "cpu", memoryCheck: true, options: {} };

Deno.test("loadEngine() narrates how far it is, what it computes on, and the slots", async () => {
  using said = new RecordedNarration();
  const options = { ...CHECKED, options: { parallel: 3, context: 100, threads: 2 } };
  const engine = await loadEngine(await findModelFile(DEMO_MODEL), options, () => {});
  await engine.close();
  const loads = said.records.filter(({ action }) => action === "model_load");
  const percents = loads.map(({ progress }) => progress!.current);
  assert.ok(percents.length >= 3, `it said ${percents}`);
  assert.deepEqual(percents, percents.toSorted((a, b) => a - b), "progress went backwards");
  assert.equal(percents.at(-1), 100);
  assert.equal(loads.at(-1)!.human, "Loading bee-tiny: 100 %");
  const threads = said.records.find(({ action }) => action === "threads");
  assert.equal(threads?.human, "Computing on cpu with 2 threads: as asked for");
  assert.deepEqual(threads?.fields, { device: "cpu", threads: 2 });
  const context = said.records.find(({ action }) => action === "context");
  assert.deepEqual(context?.fields, { slots: 3, context: 100 });
});

Deno.test("loadEngine() gives a small model one thread, four slots, and no more context than it has learned", async () => {
  using said = new RecordedNarration();
  const file = await findModelFile(DEMO_MODEL);
  const engine = await loadEngine(file, { ...CHECKED, device: "auto" }, () => {});
  await engine.close();
  assert.equal(said.records.find(({ action }) => action === "threads")?.fields?.["threads"], 1);
  assert.equal(
    said.records.find(({ action }) => action === "context")?.human,
    "4 slots of 256 tokens each",
  );
});

Deno.test("loadEngine() keeps the context as the type that it is told", async () => {
  const options = { ...CHECKED, options: { kv_type: "f16" as const, parallel: 1 } };
  const engine = await loadEngine(await findModelFile(DEMO_MODEL), options, () => {});
  await engine.close();
  // The demo model's heads are narrower than a block of this type: it shows that the type arrives.
  const quantised = loadEngine(
    await findModelFile(DEMO_MODEL),
    { ...CHECKED, options: { kv_type: "q8_0" } },
    () => {},
  );
  await assert.rejects(quantised, {
    code: "model_load_failed",
    message: /Failed to create context/,
  });
});

Deno.test("loadEngine() tells llama.cpp's own reason for a file that was cut off, and diagnoses it", async () => {
  await using home = await RbeeHome.create();
  const path = `${home.path}/half.gguf`;
  const whole = await Deno.readFile((await findModelFile(DEMO_MODEL)).path);
  await Deno.writeFile(path, whole.subarray(0, whole.length / 2));
  // In a process of its own: llama.cpp has one place for its diagnostics in each.
  const { code, stdout, stderr } = await home.rbee(
    ["serve", "--role", "worker", "--model", path, "--device", "cpu"],
  );
  assert.equal(code, 1);
  const last = stdout.trimEnd().split("\n").at(-1)!;
  assert.ok(last.startsWith(`[worker    ] model_load     : Cannot load "${path}": `), last);
  assert.match(last, /data is not within the file bounds/);
  assert.match(stderr, /data is not within the file bounds/);
  for (const line of stderr.trimEnd().split("\n")) assert.match(line, /^llama\.cpp: .*\S$/);
});

Deno.test("loadEngine() tells that the header of a file is damaged", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("magic.gguf");
  await Deno.writeTextFile(path, "GGUF");
  const loading = loadEngine(
    await findModelFile(path),
    CHECKED,
    () => {},
  );
  await assert.rejects(loading, {
    name: "RbeeError",
    code: "model_load_failed",
    message: `Cannot load "${path}": its header is damaged; download the model again`,
  });
});

Deno.test("loadEngine() says what it needs before it loads, and refuses what does not fit", async () => {
  using said = new RecordedNarration();
  const file = await findModelFile(DEMO_MODEL);
  const engine = await loadEngine(file, CHECKED, () => {});
  await engine.close();
  const actions = said.records.map(({ action }) => action);
  assert.ok(actions.indexOf("memory") < actions.indexOf("model_load"), actions.join());
  await assert.rejects(loadEngine(file, { ...CHECKED, memoryLimit: 1_000_000 }, () => {}), {
    name: "RbeeError",
    code: "insufficient_memory",
    message: /^Cannot load bee-tiny: it needs 6\.3 MB \(model 1\.7, context 4\.5\) and 1\.0 MB of /,
  });
});

Deno.test("loadEngine() loads what does not fit when it is told not to check", async () => {
  using said = new RecordedNarration();
  const options = { ...CHECKED, memoryCheck: false, memoryLimit: 1 };
  const engine = await loadEngine(await findModelFile(DEMO_MODEL), options, () => {});
  await engine.close();
  assert.ok(!said.records.some(({ action }) => action === "memory"));
});
