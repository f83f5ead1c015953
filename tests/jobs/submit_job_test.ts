import assert from "node:assert/strict";
import { z } from "zod";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import { type JobIntake, submitJob } from "../../src/jobs/submit_job.ts";

const LIMIT = { kind: "total", ms: 10_000 } as const;

function intake(options: { accepting?: boolean; admit?: () => void } = {}): JobIntake {
  const schema = z.strictObject({ operation: z.literal("count"), to: z.number().default(3) });
  return {
    registry: new JobRegistry(),
    handlers: {
      count: operation(
        schema,
        LIMIT,
        ({ to }) => Promise.resolve({ result: to }),
        { admit: () => options.admit?.() },
      ),
    },
    accepting: () => options.accepting ?? true,
  };
}

Deno.test("submitJob() makes a job with the defaults of its operation and runs it", async () => {
  const jobs = intake();
  const correlationId = crypto.randomUUID();
  const job = submitJob(jobs, { operation: "count" }, { correlationId });
  assert.equal(job.correlationId, correlationId);
  assert.equal(jobs.registry.get(job.id), job);
  await job.ended;
  assert.deepEqual([job.state, job.view().result], ["done", 3]);
});

Deno.test("submitJob() keeps the model that a request names, and no secret of it", async () => {
  const jobs = intake();
  jobs.handlers["load"] = operation(
    z.strictObject({ operation: z.literal("load"), model: z.unknown() }),
    LIMIT,
    () => Promise.resolve({ result: null }),
  );
  const modelOf = async (model: unknown) => {
    const job = submitJob(jobs, { operation: "load", model });
    await job.ended;
    assert.deepEqual([job.record().job.model, job.view().model], [job.model, job.model]);
    return job.view();
  };
  assert.equal((await modelOf("hf:bees/honey:Q4_K_M")).model, "hf:bees/honey:Q4_K_M");
  const address = await modelOf(
    "https://hub.example/x.gguf?token=hf_abcdefghijklmnopqrstuvwxyz012345",
  );
  assert.match(address.model!, /^https:\/\/hub\.example\/x\.gguf\?token=\[redacted\]$/);
  assert.equal((await modelOf("x".repeat(4000))).model, "x".repeat(300));
  // Cut through its middle, it would be known by no sign.
  const long = await modelOf("x".repeat(280) + " hf_abcdefghijklmnopqrstuvwxyz012345");
  assert.doesNotMatch(long.model!, /abcdef/);
  for (const none of [undefined, 7, null, ["x"]]) assert.ok(!("model" in await modelOf(none)));
  const counted = submitJob(jobs, { operation: "count" });
  await counted.ended;
  assert.ok(!("model" in counted.view()));
});

Deno.test("submitJob() gives the job that an id has already, whatever else would refuse it", async () => {
  let full = false;
  const jobs = intake({
    admit() {
      if (full) throw new RbeeError("queue_full", "All slots are busy");
    },
  });
  const jobId = newJobId();
  const first = submitJob(jobs, { operation: "count" }, { jobId });
  full = true;
  assert.equal(submitJob(jobs, { operation: "count" }, { jobId }), first);
  assert.throws(() => submitJob(jobs, { operation: "count" }), { code: "queue_full" });
  await first.ended;
});

Deno.test("submitJob() names what does not fit, and makes no job then", () => {
  const jobs = intake();
  for (
    const [body, code, field] of [
      [{}, "invalid_request", "operation"],
      [{ operation: 7 }, "invalid_request", "operation"],
      [{ operation: "fly" }, "unknown_operation", "operation"],
      [{ operation: "toString" }, "unknown_operation", "operation"],
      [{ operation: "count", to: "x" }, "invalid_request", "to"],
      [{ operation: "count", fro: 1 }, "invalid_request", "fro"],
    ] as const
  ) {
    assert.throws(() => submitJob(jobs, body), { code, details: { field } });
  }
  assert.deepEqual(jobs.registry.list(), []);
});

Deno.test("submitJob() takes nothing while its role is stopping", () => {
  const jobs = intake({ accepting: false });
  assert.throws(() => submitJob(jobs, { operation: "count" }), { code: "shutting_down" });
});
