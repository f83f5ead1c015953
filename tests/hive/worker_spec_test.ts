import assert from "node:assert/strict";
import { modelSettingsSchema } from "../../src/config/hive_settings.ts";
import { workerSpawnSchema } from "../../src/contracts/operation.ts";
import { completeSpec, isSameSpec, willDo, type WorkerSpec } from "../../src/hive/worker_spec.ts";
import { engineHive } from "../helpers/engine_hive.ts";

/** What a request becomes where rbee.yaml says this of its model. */
function specOf(asked: Record<string, unknown>, settings?: Record<string, unknown>): WorkerSpec {
  return completeSpec(
    workerSpawnSchema.parse({ operation: "worker_spawn", model: "bee", ...asked }),
    settings === undefined ? undefined : modelSettingsSchema.parse(settings),
  );
}

Deno.test("completeSpec() runs a model by itself with our own engine, wherever it fits", () => {
  const expected = { model: "bee", device: "auto", engine: "llama", options: {} };
  assert.deepEqual(specOf({}), expected);
  assert.deepEqual(specOf({}, {}), expected);
});

Deno.test("completeSpec() takes what rbee.yaml says of the model, and nothing of its policy", () => {
  const options = { context: 64, gpu_layers: 1, parallel: 2, kv_type: "q8_0", threads: 3 };
  const settings = {
    ...options,
    device: "cuda:1",
    engine: "vllm",
    pin: true,
    preload: true,
    idle: 5,
  };
  assert.deepEqual(specOf({}, settings), {
    model: "bee",
    device: "cuda:1",
    engine: "vllm",
    options,
  });
});

Deno.test("completeSpec() lets each field of a request win over rbee.yaml by itself", () => {
  const settings = { context: 64, parallel: 2, gpu_layers: 9, device: "cuda:1", engine: "vllm" };
  assert.deepEqual(specOf({ context: 128, gpu_layers: 0, device: "cpu" }, settings), {
    model: "bee",
    device: "cpu",
    engine: "vllm",
    options: { context: 128, parallel: 2, gpu_layers: 0 },
  });
  assert.equal(specOf({ engine: "llama" }, settings).engine, "llama");
});

Deno.test("isSameSpec() is true whatever the order of the options, and which hive was asked for", () => {
  assert.ok(isSameSpec(specOf({ context: 64, parallel: 1 }), specOf({ parallel: 1, context: 64 })));
  assert.ok(isSameSpec(specOf({ hive: "local" }), specOf({})));
  assert.ok(isSameSpec(specOf({ context: 64 }), specOf({}, { context: 64, pin: true })));
  const undefinedOption = { ...specOf({}), options: { context: undefined } };
  assert.ok(isSameSpec(undefinedOption, specOf({})));
});

for (
  const [field, value] of Object.entries({
    model: "wasp",
    device: "cpu",
    engine: "vllm",
    context: 64,
    gpu_layers: 0,
    parallel: 1,
    kv_type: "q8_0",
    threads: 1,
  })
) {
  Deno.test(`isSameSpec() is false for another ${field}`, () => {
    assert.ok(!isSameSpec(specOf({ [field]: value }), specOf({})));
  });
}

Deno.test("willDo() asks for device and engine, and for no option", () => {
  const spec = specOf({ device: "cuda:1", engine: "vllm", context: 64 });
  const does = (asked: Record<string, unknown>) =>
    willDo(spec, workerSpawnSchema.parse({ operation: "worker_spawn", model: "bee", ...asked }), {
      vramBytes: 0,
      devices: [],
    });
  for (
    const asked of [
      {},
      { device: "auto" },
      { device: "cuda:1" },
      { engine: "vllm" },
      { device: "gpu" },
      { device: "cuda:1", engine: "vllm" },
    ]
  ) assert.ok(does(asked), JSON.stringify(asked));
  for (const asked of [{ device: "cpu" }, { device: "cuda:0" }, { engine: "llama" }]) {
    assert.ok(!does(asked), JSON.stringify(asked));
  }
});

Deno.test("a spawn and one that spells out what rbee.yaml says share a worker", async () => {
  await using hive = engineHive([], {
    models: { "bee-tiny": { engine: "fixture", context: 64, device: "cpu" } },
  });
  const plain = await hive.spawn({ operation: "worker_spawn", model: "bee-tiny" });
  assert.deepEqual([plain.engine, plain.device], ["fixture", "cpu"]);
  const spelled = await hive.spawn({
    operation: "worker_spawn",
    model: "bee-tiny",
    engine: "fixture",
    context: 64,
    device: "cpu",
  });
  assert.equal(spelled.worker_id, plain.worker_id);
});
