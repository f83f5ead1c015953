import assert from "node:assert/strict";
import { hiveSettingsSchema } from "../../src/config/hive_settings.ts";

/** What is said about settings: for each complaint its path and its sentence. */
function complaints(settings: Record<string, unknown>): string[] {
  const { error } = hiveSettingsSchema.safeParse(settings);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")} ${message}`);
}

/** What is said about the settings of one model. */
function modelComplaints(model: Record<string, unknown>): string[] {
  return complaints({ models: { m: model } });
}

Deno.test("hiveSettingsSchema has the contract's defaults: five minutes idle, 16 workers, a queue of 512", () => {
  assert.deepEqual(hiveSettingsSchema.parse({}), {
    limits: {
      idle: 300_000,
      max_workers: 16,
      max_queue: 512,
      memory_check: true,
      allow_http: false,
    },
    models: {},
    engines: {},
  });
});

Deno.test("hiveSettingsSchema neither pins nor preloads a model that says nothing", () => {
  assert.deepEqual(hiveSettingsSchema.parse({ models: { "bee-tiny": {} } }).models, {
    "bee-tiny": { pin: false, preload: false },
  });
});

Deno.test("hiveSettingsSchema takes every option of a worker for a model, by the name of an option", () => {
  const options = {
    context: 4096,
    gpu_layers: 0,
    parallel: 2,
    kv_type: "q8_0",
    threads: 3,
    device: "cuda:1",
    engine: "llama-server",
    pin: true,
    preload: true,
  };
  const { models } = hiveSettingsSchema.parse({
    models: { "/m/a b.gguf": { ...options, idle: "1h" } },
  });
  assert.deepEqual(models["/m/a b.gguf"], { ...options, idle: 3_600_000 });
});

Deno.test("hiveSettingsSchema takes 0 for never idle, for the hive and for a model", () => {
  const { limits, models } = hiveSettingsSchema.parse({
    limits: { idle: 0 },
    models: { m: { idle: "0" } },
  });
  assert.deepEqual([limits.idle, models["m"]?.idle], [0, 0]);
});

Deno.test("hiveSettingsSchema allows no queue at all, and one worker", () => {
  const { limits } = hiveSettingsSchema.parse({ limits: { max_queue: 0, max_workers: 1 } });
  assert.deepEqual([limits.max_queue, limits.max_workers], [0, 1]);
});

for (
  const [field, value] of [
    ["max_workers", 0],
    ["max_workers", 1001],
    ["max_workers", 1.5],
    ["max_workers", "4"],
    ["max_queue", -1],
    ["max_queue", 100_001],
    ["memory_check", "no"],
    ["idle", "soon"],
    ["idle", -1],
  ] as const
) {
  Deno.test(`hiveSettingsSchema refuses ${value} for ${field}`, () => {
    assert.match(
      complaints({ limits: { [field]: value } })[0] ?? "",
      RegExp(`^limits\\.${field} `),
    );
  });
}

for (
  const [field, value, sentence] of [
    ["idle", "5 min", /must be a time such as 90s, 5m or 1h, or 0$/],
    ["device", "tpu", /must be auto, cpu, gpu, cuda:N, vulkan:N or metal$/],
    ["context", 7, />=8$/],
    ["parallel", 0, />=1$/],
    ["threads", 0, />=1$/],
    ["gpu_layers", -1, />=0$/],
    ["kv_type", "f64", /f16/],
    ["pin", "yes", /boolean/],
    ["preload", 1, /boolean/],
    ["engine", "LLAMA", /./],
  ] as const
) {
  Deno.test(`hiveSettingsSchema refuses ${value} for a model's ${field}`, () => {
    const [complaint] = modelComplaints({ [field]: value });
    assert.match(complaint ?? "", RegExp(`^models\\.m\\.${field} `));
    assert.match(complaint!, sentence);
  });
}

Deno.test("hiveSettingsSchema names what it does not know of a model", () => {
  assert.match(modelComplaints({ pinned: true })[0] ?? "", /^models\.m .*"pinned"/);
});
