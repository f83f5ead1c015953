import type { JobEvent } from "../../src/contracts/job_event.ts";
import { Job } from "../../src/jobs/job.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { type JobBody, runJob } from "../../src/jobs/job_runner.ts";
import { logEvents } from "./log_events.ts";

/** A job that runs in this process. */
export interface LocalJob {
  job: Job;
  /** Resolves with all its events when it has ended. */
  ended: Promise<JobEvent[]>;
}

/** Runs `body` as a job of this process, without a limit that any test would meet. */
export function startLocalJob(body: JobBody): LocalJob {
  const job = new Job({
    id: newJobId(),
    operation: "test",
    correlationId: crypto.randomUUID(),
  });
  const ended = runJob(job, body, { kind: "total", ms: 60_000 }).then(() => logEvents(job.log));
  return { job, ended };
}
