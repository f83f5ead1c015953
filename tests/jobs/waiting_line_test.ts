import assert from "node:assert/strict";
import { narratePlace, requireRoom } from "../../src/jobs/waiting_line.ts";
import { narrationContext, withNarrationContext } from "../../src/narration/context.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";

for (
  const [free, waiting, maxQueue] of [[1, 0, 0], [1, 9, 3], [0, 0, 1], [0, 2, 3], [7, 0, 512]]
) {
  Deno.test(`requireRoom() lets one in where ${free} slots are free and ${waiting} of ${maxQueue} wait`, () => {
    requireRoom({ free: free!, waiting: waiting! }, maxQueue!);
  });
}

for (const [waiting, maxQueue] of [[0, 0], [1, 1], [512, 512], [9, 3]]) {
  Deno.test(`requireRoom() refuses where no slot is free and ${waiting} of ${maxQueue} wait`, () => {
    assert.throws(() => requireRoom({ free: 0, waiting: waiting! }, maxQueue!), {
      name: "RbeeError",
      code: "queue_full",
      message: `All slots are busy and ${waiting} requests wait already; try again in 5 s`,
      details: { waiting, retry_after_s: 5 },
    });
  });
}

Deno.test("narratePlace() says each place once, when it changes", () => {
  using said = new RecordedNarration();
  const onPlace = narratePlace("All 2 chairs are taken");
  for (const place of [3, 3, 2, 2, 1, 1]) onPlace(place);
  assert.deepEqual(said.records.map(({ action, human, fields }) => [action, human, fields]), [
    ["infer_wait", "All 2 chairs are taken; place 3 in the queue", { place: 3 }],
    ["infer_wait", "All 2 chairs are taken; place 2 in the queue", { place: 2 }],
    ["infer_wait", "All 2 chairs are taken; place 1 in the queue", { place: 1 }],
  ]);
});

Deno.test("narratePlace() says that all slots are busy unless told otherwise", () => {
  using said = new RecordedNarration();
  narratePlace()(1);
  assert.equal(said.records[0]?.human, "All slots are busy; place 1 in the queue");
});

Deno.test("narratePlace() speaks in the job that waits, whoever moves it up", () => {
  using said = new RecordedNarration();
  const waits = { jobId: "job-waits", correlationId: "tie-waits" };
  const onPlace = withNarrationContext(waits, () => narratePlace());
  withNarrationContext({ jobId: "job-leaves", correlationId: "tie-leaves", actor: "queen" }, () => {
    onPlace(1);
    assert.equal(narrationContext().jobId, "job-leaves");
  });
  assert.deepEqual(said.records.map(({ job_id, correlation_id }) => [job_id, correlation_id]), [
    ["job-waits", "tie-waits"],
  ]);
});
