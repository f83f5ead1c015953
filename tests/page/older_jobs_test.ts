import assert from "node:assert/strict";
import type { JobSummary } from "../../src/contracts/watch.ts";
import { setOrigin } from "../../src/page/api.ts";
import { forgetCluster, takeEvent } from "../../src/page/cluster.ts";
import { hasOlderJobs, loadOlderJobs, olderJobs } from "../../src/page/jobs/older_jobs.ts";

function job(number: number, state: JobSummary["state"] = "done"): JobSummary {
  const at = new Date(1_769_860_800_000 + number).toISOString();
  const job_id = `job-0190a5e2-0000-7000-8000-${`${number}`.padStart(12, "0")}`;
  return {
    job_id,
    operation: "infer",
    state,
    created_at: at,
    started_at: at,
    finished_at: at,
  };
}

/** The jobs of these numbers, the newest first. */
function jobsOf(from: number, to: number): JobSummary[] {
  return Array.from({ length: to - from + 1 }, (_, n) => job(to - n));
}

const numbers = () => olderJobs.value.map(({ job_id }) => Number(job_id.slice(-12)));

/** Loads these from a queen, whose live list has the newest of them, from `live` on. */
async function load(jobs: readonly JobSummary[], live: number): Promise<void> {
  forgetCluster();
  takeEvent("jobs", { jobs: jobs.filter(({ job_id }) => job_id >= job(live).job_id), more: true });
  const asked: string[] = [];
  const handler = (request: Request) => {
    asked.push(new URL(request.url).search);
    return Response.json({ jobs });
  };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, handler },
  );
  setOrigin(`http://127.0.0.1:${server.addr.port}`);
  try {
    await loadOlderJobs();
  } finally {
    setOrigin("");
  }
  assert.deepEqual(asked, ["?limit=10000&results=false"]);
}

Deno.test("older jobs follow the live list, which lets go of its oldest", async () => {
  await load(jobsOf(1, 600), 101);
  takeEvent("job", job(601, "running"));
  takeEvent("job", job(102, "cancelled"));
  for (let n = 602; n <= 1200; n++) takeEvent("job", job(n));
  takeEvent("job", job(601));
  assert.equal(numbers().length, 1200);
  assert.deepEqual([numbers()[0], numbers().at(-1)], [1200, 1]);
  const stateOf = (number: number) => olderJobs.value.at(-number)?.state;
  assert.equal(stateOf(102), "cancelled");
  assert.equal(hasOlderJobs.value, true);
});

Deno.test("older jobs are kept over a lost connection after which nothing is between", async () => {
  await load(jobsOf(1, 600), 101);
  takeEvent("jobs", { jobs: jobsOf(201, 700), more: true });
  assert.equal(hasOlderJobs.value, true);
  assert.equal(numbers().length, 700);
});

Deno.test("older jobs are forgotten where the list of now does not reach to them", async () => {
  await load([...jobsOf(2, 600), job(1, "running")], 101);
  takeEvent("jobs", { jobs: [...jobsOf(2101, 2600), job(1, "running")], more: true });
  assert.equal(hasOlderJobs.value, false);
  assert.deepEqual(numbers(), []);
});

Deno.test("older jobs are forgotten where one that ran may have ended unseen", async () => {
  const jobs = jobsOf(1, 600).map((each) =>
    each.job_id === job(150).job_id ? job(150, "running") : each
  );
  await load(jobs, 101);
  takeEvent("jobs", { jobs: jobsOf(201, 700), more: true });
  assert.equal(hasOlderJobs.value, false);
});
