import assert from "node:assert/strict";
import { workerStateSchema } from "../../src/contracts/worker.ts";
import { canBecome, hasEnded, isUsable, requireChange } from "../../src/hive/worker_state.ts";

const ALLOWED = [
  "starting loading",
  "starting stopping",
  "starting failed",
  "loading ready",
  // It died, and is started again.
  "loading starting",
  "loading stopping",
  "loading failed",
  "ready starting",
  "ready stopping",
  "ready failed",
  "stopping stopped",
  "stopping failed",
];

for (const from of workerStateSchema.options) {
  for (const to of workerStateSchema.options) {
    const allowed = ALLOWED.includes(`${from} ${to}`);
    Deno.test(`canBecome() ${allowed ? "lets" : "does not let"} a worker go from ${from} to ${to}`, () => {
      assert.equal(canBecome(from, to), allowed);
    });
  }
}

Deno.test("requireChange() names the worker and what it cannot do, and lets it do the rest", () => {
  requireChange("worker-1", "starting", "loading");
  assert.throws(() => requireChange("worker-1", "stopped", "ready"), {
    code: "internal",
    message: "Worker worker-1 cannot go from stopped to ready",
  });
});

Deno.test("isUsable() is true for what runs or will, and false for what ends or has", () => {
  assert.deepEqual(workerStateSchema.options.filter(isUsable), ["starting", "loading", "ready"]);
});

Deno.test("hasEnded() is true for what will change no more", () => {
  assert.deepEqual(workerStateSchema.options.filter(hasEnded), ["stopped", "failed"]);
});
