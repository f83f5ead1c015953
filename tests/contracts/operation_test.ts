import assert from "node:assert/strict";
import {
  engineNameSchema,
  inferSchema,
  modelNameSchema,
  statusSchema,
  workerListOperationSchema,
  workerSpawnSchema,
  workerStopSchema,
} from "../../src/contracts/operation.ts";
import { assertAccepts, assertRefuses, complaints } from "../helpers/schema_table.ts";

const INFER = { operation: "infer", model: "bee-tiny", prompt: "Hello" };
const SPAWN = { operation: "worker_spawn", model: "bee-tiny" };

Deno.test("modelNameSchema takes every way to name a model", () => {
  assertAccepts(modelNameSchema, [
    "bee-tiny",
    "hf:org/repo:Q4_K_M",
    "https://example.org/model.gguf",
    "/models/My Model (1).gguf",
    "./caf\u00e9.gguf",
  ]);
});

Deno.test("modelNameSchema refuses nothing, too much, and characters that nobody sees", () => {
  const hidden = ["\u202e", "\u2066", "\u200f", "\u061c"];
  assertRefuses(modelNameSchema, hidden.map((mark) => `hf:a/b${mark}`));
  assertAccepts(modelNameSchema, ["/\u05d3\u05d1\u05d5\u05e8\u05d4.gguf"]);
  assertRefuses(modelNameSchema, ["", "a\u0000b", "a\nb", "\u001b[2J", "x".repeat(4097), 7]);
});

Deno.test("engineNameSchema takes names that rbee.yaml can hold", () => {
  assertAccepts(engineNameSchema, ["llama", "vllm-0.9", "my_engine"]);
  assertRefuses(engineNameSchema, ["", "Llama", "-x", "a b", "x".repeat(64)]);
});

Deno.test("inferSchema fills in the contract's defaults", () => {
  const { max_tokens, temperature } = inferSchema.parse(INFER);
  assert.equal(max_tokens, 512);
  assert.equal(temperature, 0.7);
});

Deno.test("inferSchema wants either a prompt or messages", () => {
  const messages = [{ role: "user", content: "Hello" }];
  const { prompt: _, ...bare } = INFER;
  assert.ok(inferSchema.safeParse(INFER).success);
  assert.ok(inferSchema.safeParse({ ...bare, messages }).success);
  assert.ok(inferSchema.safeParse({ ...INFER, prompt: "" }).success);
  assert.deepEqual(complaints(inferSchema, bare), ["prompt"]);
  assert.deepEqual(complaints(inferSchema, { ...INFER, messages }), ["prompt"]);
});

Deno.test("inferSchema names the field that is wrong", () => {
  const cases: Record<string, unknown> = {
    model: "",
    prompt: 7,
    max_tokens: 0,
    temperature: 2.1,
    top_p: 0,
    top_k: -1,
    seed: 4_294_967_295,
    stop: "",
    hive: "a/b",
    device: "tpu",
    engine: "Llama",
  };
  for (const [field, value] of Object.entries(cases)) {
    assert.deepEqual(complaints(inferSchema, { ...INFER, [field]: value }), [field]);
  }
});

Deno.test("inferSchema takes the ends of every range", () => {
  const ends = [
    { temperature: 0 },
    { temperature: 2 },
    { max_tokens: 1 },
    { max_tokens: 1_000_000 },
    { top_p: 1 },
    { top_k: 0 },
    { seed: 0 },
    { seed: 4_294_967_294 },
    { stop: "\n" },
    { stop: Array.from({ length: 16 }, () => "x") },
    { stop: [] },
  ];
  for (const end of ends) assert.ok(inferSchema.safeParse({ ...INFER, ...end }).success);
});

Deno.test("inferSchema refuses an unknown field", () => {
  assertRefuses(inferSchema, [{ ...INFER, maxTokens: 5 }, { ...INFER, operation: "generate" }]);
});

Deno.test("inferSchema refuses a message that has no role of a chat", () => {
  const { prompt: _, ...bare } = INFER;
  assertRefuses(inferSchema, [
    { ...bare, messages: [] },
    { ...bare, messages: [{ role: "tool", content: "x" }] },
    { ...bare, messages: [{ role: "user" }] },
  ]);
});

Deno.test("workerSpawnSchema leaves device and engine to the hive unless told", () => {
  assert.deepEqual(workerSpawnSchema.parse(SPAWN), SPAWN);
});

Deno.test("workerSpawnSchema takes the options of a worker within their ranges", () => {
  const full = { ...SPAWN, hive: "gpu", device: "cuda:1", engine: "vllm", context: 4096 };
  assertAccepts(workerSpawnSchema, [{
    ...full,
    gpu_layers: 0,
    parallel: 4,
    kv_type: "q8_0",
    threads: 8,
    reuse: "any",
  }]);
  for (const wrong of [{ context: 7 }, { parallel: 0 }, { kv_type: "f32" }, { threads: 0 }]) {
    assert.deepEqual(complaints(workerSpawnSchema, { ...SPAWN, ...wrong }), Object.keys(wrong));
  }
  assertRefuses(workerSpawnSchema, [{ ...SPAWN, ctx: 4096 }, { ...SPAWN, reuse: "none" }]);
});

Deno.test("workerStopSchema, workerListOperationSchema and statusSchema take no unknown field", () => {
  const worker_id = "worker-0197c0de-0000-7000-8000-00000000abcd";
  assertAccepts(workerStopSchema, [{ operation: "worker_stop", worker_id, hive: "gpu" }]);
  assertAccepts(workerListOperationSchema, [{ operation: "worker_list" }]);
  assertAccepts(statusSchema, [{ operation: "status" }]);
  assertRefuses(workerStopSchema, [{ operation: "worker_stop" }]);
  assertRefuses(workerListOperationSchema, [{ operation: "worker_list", all: true }]);
  assertRefuses(statusSchema, [{ operation: "status", verbose: true }]);
});
