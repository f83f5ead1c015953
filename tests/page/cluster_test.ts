import assert from "node:assert/strict";
import type { JobSummary } from "../../src/contracts/watch.ts";
import {
  forgetCluster,
  hasMoreJobs,
  isAdmin,
  jobs,
  lastFailure,
  queenNow,
  samples,
  takeEvent,
  telemetry,
  viewer,
  workers,
} from "../../src/page/cluster.ts";

/** A job whose id and times are those of a second. */
function job(second: number, more: Partial<JobSummary> = {}): JobSummary {
  const created_at = new Date(1_769_860_800_000 + second * 1000).toISOString();
  const job_id = `job-0190a5e2-0000-7000-8000-${`${second}`.padStart(12, "0")}`;
  const times = { created_at, started_at: null, finished_at: null };
  return { job_id, operation: "infer", state: "running", ...times, ...more };
}

/** A job that has failed at another second. */
function failure(second: number, finishedSecond: number, message: string): JobSummary {
  const finished_at = job(finishedSecond).created_at;
  return job(second, { state: "error", finished_at, error: { code: "x", message } });
}

const sample = (n: number) => ({ at: new Date(n * 5000).toISOString(), hives: {} });
const at = new Date().toISOString();
const ids = () => jobs.value?.map(({ job_id }) => Number(job_id.slice(-12)));

function clusterTest(name: string, fn: () => void): void {
  Deno.test(name, () => {
    forgetCluster();
    try {
      fn();
    } finally {
      forgetCluster();
    }
  });
}

clusterTest("a job that changes keeps its place, and a new one gets it by its time", () => {
  takeEvent("jobs", { jobs: [job(5), job(3), job(1)], more: true });
  assert.equal(hasMoreJobs.value, true);
  takeEvent("job", job(3, { state: "done" }));
  assert.deepEqual(ids(), [5, 3, 1]);
  assert.equal(jobs.value?.[1]?.state, "done");
  takeEvent("job", job(7));
  takeEvent("job", job(4));
  takeEvent("job", job(0));
  assert.deepEqual(ids(), [7, 5, 4, 3, 1, 0]);
});

clusterTest("a job is listed once, in whatever order the queen's list has its jobs", () => {
  // Two submits with ids of their own, of which the one made first arrived last.
  takeEvent("jobs", { jobs: [job(1), job(3), job(2)], more: false });
  takeEvent("job", job(3, { state: "cancelled" }));
  assert.deepEqual(ids(), [3, 2, 1]);
  assert.equal(jobs.value?.[0]?.state, "cancelled");
  takeEvent("job", job(1, { state: "done" }));
  assert.deepEqual(ids(), [3, 2, 1]);
});

clusterTest(
  "of jobs that come without end the newest 500 are held, and that there are more is known",
  () => {
    takeEvent("jobs", { jobs: [], more: false });
    for (let n = 1; n <= 500; n++) takeEvent("job", job(n, { state: "done" }));
    assert.equal(hasMoreJobs.value, false);
    takeEvent("job", job(501));
    assert.equal(jobs.value?.length, 500);
    assert.deepEqual([ids()?.[0], ids()?.at(-1)], [501, 2]);
    assert.equal(hasMoreJobs.value, true);
    takeEvent("job", job(1, { state: "done" }));
    assert.deepEqual([ids()?.[0], ids()?.at(-1)], [501, 2]);
  },
);

clusterTest("a job that has not ended is held, however many newer jobs come", () => {
  takeEvent("jobs", { jobs: [job(2), job(1)], more: false });
  for (let n = 3; n <= 600; n++) takeEvent("job", job(n, { state: "done" }));
  assert.deepEqual([jobs.value?.length, ids()?.slice(-2)], [502, [2, 1]]);
  takeEvent("job", job(1, { state: "done" }));
  assert.deepEqual([jobs.value?.length, ids()?.at(-1)], [501, 2]);
  for (let n = 601; n <= 1700; n++) takeEvent("job", job(n));
  assert.equal(jobs.value?.length, 1000);
});

clusterTest("what lasts is counted by the queen's clock, which the viewer event tells", () => {
  const at = new Date(Date.now() + 300_000).toISOString();
  takeEvent("viewer", { at, role: "infer", version: "0.1.0", instance: "i" });
  const ahead = queenNow() - Date.now();
  assert.ok(Math.abs(ahead - 300_000) < 5000, `${ahead} ms`);
});

clusterTest("a job told before the list is there is known already", () => {
  takeEvent("job", job(2));
  assert.deepEqual(ids(), [2]);
});

clusterTest("a list after a new connection takes the place of the one before", () => {
  takeEvent("jobs", { jobs: [job(3), job(1)], more: true });
  takeEvent("jobs", { jobs: [job(4)], more: false });
  assert.deepEqual(ids(), [4]);
  assert.equal(hasMoreJobs.value, false);
});

clusterTest("the last failure is the one that ended last, not the one that began last", () => {
  takeEvent("jobs", {
    jobs: [job(9), failure(8, 10, "began last"), failure(2, 20, "ended last"), job(1)],
    more: false,
  });
  assert.equal(lastFailure.value?.error?.message, "ended last");
  takeEvent("job", failure(9, 30, "and now this"));
  assert.equal(lastFailure.value?.error?.message, "and now this");
});

clusterTest(
  "the last failure is known also where newer jobs have pushed it out of the list",
  () => {
    takeEvent("jobs", { jobs: [job(9)], more: true, last_failure: failure(2, 3, "long ago") });
    assert.equal(lastFailure.value?.error?.message, "long ago");
    takeEvent("job", failure(10, 11, "newer"));
    for (let n = 12; n < 600; n++) takeEvent("job", job(n));
    assert.equal(lastFailure.value?.error?.message, "newer");
    takeEvent("jobs", { jobs: [job(9)], more: false });
    assert.equal(lastFailure.value, undefined);
  },
);

clusterTest("samples follow the history, and the oldest go past 15 minutes", () => {
  takeEvent("history", { samples: Array.from({ length: 179 }, (_, n) => sample(n)) });
  takeEvent("sample", sample(179));
  assert.equal(samples.value.length, 180);
  takeEvent("sample", sample(180));
  assert.equal(samples.value.length, 180);
  assert.equal(samples.value[0]?.at, sample(1).at);
  assert.equal(samples.value.at(-1)?.at, sample(180).at);
});

clusterTest("who may not see hives and workers sees none of those told before", () => {
  takeEvent("viewer", { at, role: "admin", version: "0.1.0", instance: "i" });
  takeEvent("telemetry", { at: "", hives: [], workers: [{ worker_id: "w" }] });
  assert.equal(isAdmin.value, true);
  assert.equal(workers.value.length, 1);
  takeEvent("viewer", { at, role: "infer", version: "0.1.0", instance: "i" });
  assert.equal(isAdmin.value, false);
  assert.equal(telemetry.value, undefined);
  assert.deepEqual(workers.value, []);
});

clusterTest("an event that this version does not know changes nothing", () => {
  takeEvent("weather", { sun: true });
  assert.equal(viewer.value, undefined);
  assert.equal(jobs.value, undefined);
});
