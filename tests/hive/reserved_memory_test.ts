import assert from "node:assert/strict";
import type { WorkerState } from "../../src/contracts/worker.ts";
import { reservedBytes } from "../../src/hive/reserved_memory.ts";

/** A worker as it counts for the memory. */
function worker(model: string, state: WorkerState, neededBytes: number, mappedBytes: number) {
  const spec = { model, device: "cpu", engine: "llama", options: {} };
  return { spec, state, memory: { neededBytes, mappedBytes, vramBytes: 0 } };
}

Deno.test("reservedBytes() counts what a worker that loads is about to take, and its file", () => {
  assert.equal(reservedBytes([], "x"), 0);
  assert.equal(reservedBytes([worker("bee", "loading", 100, 60)], "x"), 100);
  // What it does not map it will not share either.
  assert.equal(reservedBytes([worker("bee", "loading", 100, 0)], "x"), 100);
});

Deno.test("reservedBytes() counts of a worker that is ready the file alone: the rest is no longer free", () => {
  assert.equal(reservedBytes([worker("bee", "ready", 100, 60)], "x"), 60);
});

Deno.test("reservedBytes() counts a file once, however many have mapped it, and not for its own model", () => {
  const workers = [
    worker("bee", "ready", 100, 60),
    worker("bee", "ready", 100, 40),
    worker("wasp", "ready", 30, 20),
  ];
  assert.equal(reservedBytes(workers, "x"), 80);
  assert.equal(reservedBytes(workers, "bee"), 20);
  // One that loads takes the rest of it for itself alone.
  assert.equal(reservedBytes([...workers, worker("bee", "loading", 100, 60)], "bee"), 60);
});

for (const state of ["starting", "stopping", "stopped", "failed"] as const) {
  Deno.test(`reservedBytes() counts nothing of a worker that is ${state}`, () => {
    assert.equal(reservedBytes([worker("bee", state, 100, 60)], "x"), 0);
  });
}
