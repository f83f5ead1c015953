import assert from "node:assert/strict";
import { reservedBytes } from "../../src/hive/reserved_memory.ts";
import type { WorkerState } from "../../src/contracts/worker.ts";

function worker(model: string, state: WorkerState, neededBytes: number, mappedBytes: number) {
  const spec = { model, device: "cpu", engine: "llama", options: {} };
  return { spec, state, memory: { neededBytes, mappedBytes } };
}

Deno.test("reservedBytes() counts all that a loading worker is about to take", () => {
  assert.equal(reservedBytes([worker("a", "loading", 100, 60)], "b"), 100);
});

Deno.test("reservedBytes() goes on to count the mapped file of a ready worker, which the kernel calls free", () => {
  assert.equal(reservedBytes([worker("a", "ready", 100, 60)], "b"), 60);
});

Deno.test("reservedBytes() counts a file that two workers have mapped once", () => {
  const workers = [worker("a", "ready", 100, 60), worker("a", "loading", 90, 60)];
  assert.equal(reservedBytes(workers, "b"), 60 + 30);
});

Deno.test("reservedBytes() leaves out the file that the new worker would share", () => {
  const workers = [worker("a", "ready", 100, 60), worker("b", "ready", 50, 40)];
  assert.equal(reservedBytes(workers, "a"), 40);
});

Deno.test("reservedBytes() counts nothing for workers that have gone, or have not said what they need", () => {
  const workers = [
    worker("a", "stopped", 100, 60),
    worker("b", "failed", 100, 60),
    worker("c", "stopping", 100, 60),
    worker("d", "starting", 0, 0),
  ];
  assert.equal(reservedBytes(workers, "e"), 0);
});
