import assert from "node:assert/strict";
import { workerInfoSchema } from "../../src/contracts/worker.ts";
import { workerInfo } from "../../src/hive/worker_info.ts";

const ID = "worker-019c1234-5678-7abc-8def-0123456789ab";
const FACTS = { hive: "attic", restarts: 2, startedAt: "2026-01-31T12:00:00.123Z" };
const WORKER = {
  id: ID,
  spec: { model: "bee", device: "cuda:1", engine: "vllm", options: { parallel: 3 } },
  state: "ready" as const,
  pid: 4711,
  url: "http://127.0.0.1:1",
  requests: 0,
  parallel: 3,
  error: undefined,
  storedName: undefined,
};

Deno.test("workerInfo() lists a worker as the contract has it", () => {
  const info = workerInfo(WORKER, FACTS);
  assert.deepEqual(info, {
    worker_id: ID,
    hive: "attic",
    model: "bee",
    engine: "vllm",
    device: "cuda:1",
    state: "ready",
    pid: 4711,
    url: "http://127.0.0.1:1",
    requests: 0,
    waiting: 0,
    parallel: 3,
    restarts: 2,
    started_at: FACTS.startedAt,
  });
  assert.deepEqual(workerInfoSchema.parse(info), info);
});

for (const [requests, running, waiting] of [[0, 0, 0], [2, 2, 0], [3, 3, 0], [7, 3, 4]] as const) {
  Deno.test(`workerInfo() lists ${requests} requests in 3 slots as ${running} that run and ${waiting} that wait`, () => {
    const info = workerInfo({ ...WORKER, requests }, FACTS);
    assert.deepEqual([info.requests, info.waiting], [running, waiting]);
  });
}

Deno.test("workerInfo() lists why a worker failed, with its last lines", () => {
  const error = {
    code: "worker_died",
    message: "It ended",
    details: { worker_id: ID, exit_code: 3, signal: null, last_lines: ["so", "it was"] },
  };
  const info = workerInfo({ ...WORKER, state: "failed", pid: null, url: null, error }, FACTS);
  assert.deepEqual(workerInfoSchema.parse(info).error, error);
});

Deno.test("workerInfo() lists what the store calls a worker's file, beside the name that it was started with", () => {
  const storedName = "hf:bees/big:big-Q4_K_M.gguf";
  const info = workerInfo({ ...WORKER, storedName }, FACTS);
  assert.deepEqual([info.model, info.stored_as], ["bee", storedName]);
  assert.deepEqual(workerInfoSchema.parse(info), info);
});
