import type { JobEvent } from "../contracts/job_event.ts";
import { currentJobLog } from "../jobs/job_logs.ts";
import { narrationContext } from "../narration/context.ts";
import { splitEvents } from "../sse/split_events.ts";
import type { Worker } from "./worker.ts";

/**
 * Brings what a worker says from the begin of its start until it is ready into the job that runs here,
 * in order, as this job's own.
 *
 * @throws {RbeeError} Why the worker never became ready.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function followUntilReady(worker: Worker, signal: AbortSignal): Promise<void> {
  const log = currentJobLog();
  const { jobId: job_id, correlationId: correlation_id } = narrationContext();
  for await (const event of eventsOfStart(worker, signal)) {
    if (event.type === "log") log.append(event);
    else if (event.type === "narration") {
      // What it says inside a job of its own has a stream of its own.
      const isOfItsLife = event.job_id === undefined || event.job_id === worker.jobId;
      if (isOfItsLife) log.append({ ...event, job_id, correlation_id });
    }
  }
  signal.throwIfAborted();
  await worker.ready;
}

/** What is said from the begin of a worker's present start until it is ready or has failed. */
async function* eventsOfStart(
  worker: Worker,
  signal: AbortSignal,
): AsyncGenerator<JobEvent, void, void> {
  const { settled } = worker;
  const stop = AbortSignal.any([signal, settled]);
  const cursor = worker.log.cursor(worker.startSeq);
  while (!signal.aborted) {
    const bytes = cursor.read();
    if (bytes !== undefined) yield* splitEvents(bytes);
    else if (settled.aborted) return;
    else await cursor.wait({ signal: stop });
  }
}
