import { RbeeError } from "../base/rbee_error.ts";
import { withNarrationContext } from "../narration/context.ts";
import { reportDefect } from "../narration/defects.ts";
import { currentTraceId, inSpan, isTracing, markFailed, type Span } from "../tracing/spans.ts";
import { CancelRequest, type Job, type JobResult } from "./job.ts";
import { openJobLog } from "./job_logs.ts";

/**
 * How long a job may take. `total`: from its start. `stall`: without a single new event in its log,
 * for what may well take an hour as long as it progresses.
 */
export type JobLimit = { kind: "total" | "stall"; ms: number };

/** The work of a job. It must settle soon after `job.signal` aborts, with nothing left running. */
export type JobBody = (job: Job) => Promise<JobResult>;

/**
 * Runs a job: enters its context, so that all narration inside reaches its log, watches its limit,
 * and ends it with exactly one terminal event after the body has settled. Its span, where there are any,
 * is of the trace of the request that made it. Never rejects.
 */
export async function runJob(job: Job, body: JobBody, limit: JobLimit): Promise<void> {
  const closeLog = openJobLog(job.id, job.log);
  const context = { jobId: job.id, correlationId: job.correlationId };
  try {
    await withNarrationContext(context, () => runInSpan(job, body, limit));
  } finally {
    closeLog();
  }
}

function runInSpan(job: Job, body: JobBody, limit: JobLimit): Promise<void> {
  return inSpan(`job ${job.operation}`, { attributes: spanAttributes(job) }, async (span) => {
    await runBody(job, body, limit);
    if (isTracing) describeEnd(span, job);
  });
}

async function runBody(job: Job, body: JobBody, limit: JobLimit): Promise<void> {
  if (!job.start({ traceId: currentTraceId() })) return;
  const stopWatching = watchLimit(job, limit);
  try {
    finish(job, { result: await body(job) });
  } catch (error) {
    finish(job, { error });
  } finally {
    stopWatching();
  }
}

/** By which a job's span is found, and the job from its span. */
function spanAttributes(job: Job) {
  return {
    "rbee.job.id": job.id,
    "rbee.correlation_id": job.correlationId,
    "rbee.operation": job.operation,
  };
}

function describeEnd(span: Span, job: Job): void {
  const { state, error } = job.view();
  span.setAttribute("rbee.job.state", state);
  if (error !== undefined) markFailed(span, error.code);
}

/**
 * Ends the job as its body did, unless it was asked to end early: who asked was told that it would, so
 * that is how it ends, even where the body came to its own end all the same.
 */
function finish(job: Job, outcome: { result: JobResult } | { error: unknown }): void {
  const reason: unknown = job.signal.reason;
  if (reason instanceof CancelRequest) job.finishCancelled(reason.message);
  else if (reason instanceof RbeeError) job.finishError(reason);
  else if ("result" in outcome) job.finishDone(outcome.result);
  else {
    reportDefect(outcome.error);
    job.finishError(outcome.error);
  }
}

function watchLimit(job: Job, limit: JobLimit): () => void {
  const startedMs = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const check = () => {
    const since = limit.kind === "total" ? startedMs : Math.max(startedMs, job.log.lastAppendMs);
    const leftMs = since + limit.ms - performance.now();
    if (leftMs > 0) {
      timer = setTimeout(check, leftMs);
      return;
    }
    const what = limit.kind === "total"
      ? `took longer than its limit of ${seconds(limit.ms)}`
      : `made no progress for ${seconds(limit.ms)}, its limit`;
    job.fail(
      new RbeeError("timeout", `The operation "${job.operation}" ${what}; it was cancelled`),
    );
  };
  timer = setTimeout(check, limit.ms);
  return () => clearTimeout(timer);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
