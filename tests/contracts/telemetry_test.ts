import assert from "node:assert/strict";
import {
  hiveTelemetrySchema,
  queenTelemetrySchema,
  workerTelemetrySchema,
} from "../../src/contracts/telemetry.ts";
import { assertAccepts, assertRefuses, complaints } from "../helpers/schema_table.ts";

const AT = "2026-01-31T12:00:00.123Z";

const WORKER = {
  worker_id: "worker-0197c0de-0000-7000-8000-00000000abcd",
  hive: "local",
  model: "bee-tiny",
  engine: "llama",
  device: "cpu",
  state: "ready",
  pid: 7,
  url: "http://127.0.0.1:4000",
  requests: 1,
  waiting: 2,
  restarts: 3,
  started_at: AT,
  cpu_percent: 187.5,
  memory_bytes: 1_000_000,
  uptime_ms: 12.5,
};

const HIVE = {
  at: AT,
  hive: "local",
  version: "0.1.0",
  workers: [WORKER],
  devices: [],
  load: [0, 0.5, 1.25],
  models: [],
  engines: [],
};

Deno.test("workerTelemetrySchema takes what a worker uses, and that it is not known", () => {
  assertAccepts(workerTelemetrySchema, [
    WORKER,
    { ...WORKER, cpu_percent: null, memory_bytes: null, uptime_ms: 0 },
    { ...WORKER, state: "failed", pid: null, url: null, error: { code: "x", message: "y" } },
    { ...WORKER, memory: { ram_bytes: 9, mapped_bytes: 4, vram_bytes: 0 }, removable: true },
    { ...WORKER, stored_as: "hf:bees/big:big-Q4_K_M.gguf" },
  ]);
});

for (
  const [field, wrong] of Object.entries({
    cpu_percent: -1,
    memory_bytes: 1.5,
    uptime_ms: -1,
    requests: -1,
    state: "running",
    memory: 9,
    removable: "yes",
    stored_as: 1,
  })
) {
  Deno.test(`workerTelemetrySchema refuses a worker whose ${field} is ${wrong}`, () => {
    assert.deepEqual(complaints(workerTelemetrySchema, { ...WORKER, [field]: wrong }), [field]);
  });
}

Deno.test("hiveTelemetrySchema takes a hive with and without workers, devices and load", () => {
  assertAccepts(hiveTelemetrySchema, [HIVE, { ...HIVE, workers: [], load: [] }]);
  assertRefuses(hiveTelemetrySchema, [
    {},
    { ...HIVE, at: "now" },
    { ...HIVE, load: [-1] },
    { ...HIVE, devices: ["cpu"] },
    { ...HIVE, workers: [{ ...WORKER, uptime_ms: undefined }] },
  ]);
});

Deno.test("hiveTelemetrySchema takes a hive that does not tell its models and engines", () => {
  const { models: _models, engines: _engines, ...before } = HIVE;
  const { models, engines } = hiveTelemetrySchema.parse(before);
  assert.deepEqual([models, engines], [[], []]);
  const told = { models: [{ name: "bee-tiny", bytes: 7 }], engines: ["llama"] };
  assertAccepts(hiveTelemetrySchema, [{ ...HIVE, ...told }]);
  assertRefuses(hiveTelemetrySchema, [
    { ...HIVE, models: ["bee-tiny"] },
    { ...HIVE, models: [{ name: "bee-tiny", bytes: -1 }] },
    { ...HIVE, engines: [1] },
  ]);
});

Deno.test("queenTelemetrySchema takes hives beside the workers of all", () => {
  const hive = { name: "local", url: null, version: null, devices: [], load: [], workers: 0 };
  const queen = { at: AT, hives: [{ ...hive, state: "connecting" }], workers: [WORKER] };
  assertAccepts(queenTelemetrySchema, [queen, { ...queen, hives: [], workers: [] }]);
  assertRefuses(queenTelemetrySchema, [{ ...queen, hives: [{ ...hive, state: "lost" }] }]);
});
