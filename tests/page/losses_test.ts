import assert from "node:assert/strict";
import type { WorkerTelemetry } from "../../src/contracts/telemetry.ts";
import { lossOfCancelling, lossOfStopping } from "../../src/page/actions/losses.ts";

function worker(change: Partial<WorkerTelemetry>): WorkerTelemetry {
  return { state: "ready", requests: 0, waiting: 0, ...change } as WorkerTelemetry;
}

Deno.test("lossOfStopping() counts the requests that would be lost", () => {
  assert.equal(lossOfStopping(worker({})), "It answers no request now.");
  assert.equal(
    lossOfStopping(worker({ requests: 1 })),
    "It answers 1 request now. What is not answered is lost.",
  );
  assert.equal(
    lossOfStopping(worker({ requests: 2, waiting: 1 })),
    "It answers 2 requests now, and 1 request waits for it. What is not answered is lost.",
  );
  assert.match(lossOfStopping(worker({ waiting: 3 })), /3 requests wait for it/);
});

Deno.test("a worker that has ended meanwhile loses nothing", () => {
  for (const gone of [undefined, worker({ state: "stopped" }), worker({ state: "failed" })]) {
    assert.equal(lossOfStopping(gone), "It does not run any more.");
  }
});

Deno.test("lossOfCancelling() has a sentence for every operation", () => {
  for (const operation of ["infer", "worker_spawn", "model_download", "model_copy", "other"]) {
    assert.match(lossOfCancelling(operation), /^[A-Z].*\.$/);
  }
});
