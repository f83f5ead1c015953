import assert from "node:assert/strict";
import { type JobState, jobStateSchema } from "../../src/contracts/job.ts";
import { Job } from "../../src/jobs/job.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { canBecome, hasEnded } from "../../src/jobs/job_state.ts";

const ALLOWED = new Set([
  "queued running",
  "queued cancelled",
  "queued error",
  "running done",
  "running error",
  "running cancelled",
]);

const ENTER: Record<JobState, (job: Job) => void> = {
  queued: () => {},
  running: (job) => void job.start(),
  done: (job) => {
    job.start();
    job.finishDone({ result: null });
  },
  error: (job) => job.finishError(new Error("x")),
  cancelled: (job) => job.finishCancelled("x"),
};

/** Asks a job to take a state; returns whether it did. */
const TAKE: Record<Exclude<JobState, "queued">, (job: Job) => boolean> = {
  running: (job) => job.start(),
  done: (job) => accepts(() => job.finishDone({ result: 1 })),
  error: (job) => accepts(() => job.finishError(new Error("y"))),
  cancelled: (job) => accepts(() => job.finishCancelled("y")),
};

function accepts(body: () => void): boolean {
  try {
    body();
    return true;
  } catch (error) {
    assert.match(String(error), /cannot go from (queued|running|done|error|cancelled) to/);
    return false;
  }
}

for (const from of jobStateSchema.options) {
  for (const to of jobStateSchema.options) {
    const allowed = ALLOWED.has(`${from} ${to}`);
    Deno.test(`canBecome() ${allowed ? "allows" : "forbids"} ${from} to ${to}`, () => {
      assert.equal(canBecome(from, to), allowed);
    });
    if (to === "queued") continue;
    Deno.test(`Job ${allowed ? "goes" : "does not go"} from ${from} to ${to}`, () => {
      const job = new Job({ id: newJobId(), operation: "x", correlationId: crypto.randomUUID() });
      ENTER[from](job);
      assert.equal(job.state, from);
      const before = job.view();
      assert.equal(TAKE[to](job), allowed);
      assert.equal(job.state, allowed ? to : from);
      if (!allowed) assert.deepEqual(job.view(), before);
    });
  }
}

Deno.test("hasEnded() is true for done, error and cancelled alone", () => {
  assert.deepEqual(jobStateSchema.options.filter(hasEnded), ["done", "error", "cancelled"]);
});
