import assert from "node:assert/strict";
import { ListedModels } from "../../src/hive/listed_models.ts";
import type { StoredFiles } from "../../src/models/stored_files.ts";
import { FakeHub } from "../helpers/fake_hub.ts";
import { Gates } from "../helpers/gates.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";
import { TestHive } from "../helpers/test_hive.ts";

const NEXT_DAY_MS = 86_400_000;
const DEMO = { name: "bee-tiny", bytes: 1_695_616 };
const NAME = "hf:bees/tiny:bee-tiny-F16.gguf";

function stored(name: string, ...bytes: number[]): StoredFiles {
  return { name, isWhole: true, files: bytes.map((each, at) => ({ path: `${at}`, bytes: each })) };
}

/** A list over `models`, and how often it said that it had changed. */
function listOf(list: () => Promise<StoredFiles[]>) {
  const told = { changes: 0 };
  return { told, listed: new ListedModels({ store: { list }, onChange: () => told.changes++ }) };
}

Deno.test("ListedModels has the demo model and those that are whole, with all their files", async () => {
  const part = { ...stored("hf:a/b:part.gguf", 5), isWhole: false };
  const { listed } = listOf(() => Promise.resolve([stored("hf:a/b:c.gguf", 1, 2), part]));
  assert.deepEqual(listed.all, []);
  await listed.look();
  assert.deepEqual(listed.all, [DEMO, { name: "hf:a/b:c.gguf", bytes: 3 }]);
});

Deno.test("ListedModels tells of a change alone", async () => {
  let models = [stored("hf:a/b:c.gguf", 1)];
  const { listed, told } = listOf(() => Promise.resolve(models));
  await listed.look();
  await listed.look();
  assert.equal(told.changes, 1);
  models = [];
  await listed.look();
  assert.equal(told.changes, 2);
  assert.deepEqual(listed.all, [DEMO]);
});

Deno.test("ListedModels looks once more when it is asked while it looks", async () => {
  const gates = new Gates();
  let looks = 0;
  const { listed } = listOf(async () => {
    const models = [stored(`hf:a/b:${++looks}.gguf`, 1)];
    await gates.pass(`look ${looks}`);
    return models;
  });
  const first = listed.look();
  await gates.reached("look 1");
  const others = [listed.look(), listed.look()];
  gates.openAll();
  await Promise.all([first, ...others]);
  assert.equal(looks, 2);
  assert.equal(listed.all[1]?.name, "hf:a/b:2.gguf");
});

Deno.test("ListedModels keeps its list when it cannot look, and says why only once", async () => {
  using said = new RecordedNarration();
  let fails = false;
  const { listed } = listOf(() =>
    fails ? Promise.reject(new Error("no permission")) : Promise.resolve([])
  );
  await listed.look();
  fails = true;
  await listed.look();
  await listed.look();
  assert.deepEqual(listed.all, [DEMO]);
  assert.deepEqual(said.records.map(({ human }) => human), [
    "Cannot look which models are here: no permission",
  ]);
});

Deno.test("ListedModels looks no more once it is closed", async () => {
  const { listed, told } = listOf(() => Promise.resolve([]));
  await listed.close();
  await listed.look();
  assert.deepEqual([listed.all, told.changes], [[], 0]);
});

Deno.test("a hive's telemetry tells of a model that came and one that went, without waiting for a beat", async () => {
  await using hub = await FakeHub.start();
  await using hive = new TestHive({ beatMs: NEXT_DAY_MS, store: { env: hub.env } });
  await using telemetry = await TelemetryWatch.open(hive.url);
  await hive.run({ operation: "model_download", model: "hf:bees/tiny" });
  const { models } = await telemetry.until((event) => event.models.length === 2);
  assert.deepEqual(models, [DEMO, { name: NAME, bytes: DEMO.bytes }]);
  const before = telemetry.events.length;
  await hive.run({ operation: "model_delete", model: "hf:bees/tiny" });
  const after = await telemetry.until((event) =>
    telemetry.events.indexOf(event) >= before && event.models.length === 1
  );
  assert.deepEqual(after.models, [DEMO]);
});
