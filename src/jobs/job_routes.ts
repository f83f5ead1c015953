import { type Context, Hono } from "hono";
import { RbeeError } from "../base/rbee_error.ts";
import { correlationIdSchema } from "../contracts/identifiers.ts";
import { jobStateSchema, type JobView, submitOptionsSchema } from "../contracts/job.ts";
import { callerOf } from "../http/caller.ts";
import { eventStreamResponse } from "../http/event_stream.ts";
import { readJsonObject, validate } from "../http/json_body.ts";
import { countStream } from "../http/limit_requests.ts";
import { STREAM_HEAD } from "../sse/encode_event.ts";
import type { LogCursor } from "./event_log.ts";
import type { Job } from "./job.ts";
import { PlainTextCursor } from "./plain_text_cursor.ts";
import { type JobIntake, submitJob } from "./submit_job.ts";

/** `/v1/jobs` and what is below it, the same for queen, hive and worker. */
export function jobRoutes(intake: JobIntake): Hono {
  const { registry } = intake;
  const app = new Hono();

  app.post("/v1/jobs", async (c) => {
    const correlationId = readCorrelationId(c);
    const streams = readSwitch(c, "stream", false);
    const { job_id, unwatched_limit_ms, ...body } = await readJsonObject(c);
    const submit = validate(submitOptionsSchema, { job_id, unwatched_limit_ms }, {
      what: "a submit",
    });
    // What is wrong with the stream is told before there is a job. That of a new one begins at its begin.
    const known = registry.find(submit.job_id ?? "", callerOf(c));
    const readStream = streams ? streamReader(c, known) : undefined;
    const job = submitJob(intake, body, {
      jobId: submit.job_id,
      correlationId,
      unwatchedLimitMs: submit.unwatched_limit_ms,
      caller: callerOf(c),
    });
    c.header("X-Correlation-Id", job.correlationId);
    c.header("X-Rbee-Job-Id", job.id);
    // Who reads the stream anyhow need not come twice.
    if (readStream !== undefined) return readStream(job);
    return c.json({ job_id: job.id, sse_url: `/v1/jobs/${job.id}/stream` }, 202);
  });

  app.get("/v1/jobs", (c) => {
    const state = c.req.query("state");
    const limit = c.req.query("limit");
    const hasResults = readSwitch(c, "results", true);
    const jobs = registry.list({
      state: state === undefined ? undefined : readState(state),
      limit: limit === undefined ? undefined : readCount("limit", limit),
      caller: callerOf(c),
    });
    return c.json({ jobs: hasResults ? jobs : jobs.map(inShort) });
  });

  app.get("/v1/jobs/:id", (c) => c.json(registry.get(c.req.param("id"), callerOf(c)).view()));

  app.delete("/v1/jobs/:id", (c) => {
    const job = registry.get(c.req.param("id"), callerOf(c));
    if (!job.cancel("on request")) {
      throw new RbeeError(
        "job_already_ended",
        `Job "${job.id}" has already ended (${job.state}); there is nothing to cancel`,
      );
    }
    return c.json({ job_id: job.id, state: job.state }, 202);
  });

  app.get("/v1/jobs/:id/stream", (c) => {
    const job = registry.get(c.req.param("id"), callerOf(c));
    return streamReader(c, job)(job);
  });

  return app;
}

/**
 * Reads how a request wants the stream of a job, of one that there is or, without one, of one yet to be
 * made. What it gives answers with that stream.
 *
 * @throws {RbeeError} `invalid_cursor`, `invalid_request` or `too_many_streams` If it cannot be had so.
 */
function streamReader(c: Context, known: Job | undefined): (job: Job) => Response {
  const after = known === undefined ? readAfter(c, 0) : readAfterIn(c, known);
  const plain = wantsPlainText(c);
  countStream(c);
  return (job) => {
    const cursor = job.log.cursor(after);
    // Counted only now: a request that was refused is no reader.
    const onClose = job.addReader();
    return plain
      ? eventStreamResponse(c, new PlainTextCursor(cursor), { onClose })
      : typedStreamResponse(c, cursor, { onClose });
  };
}

/** Answers with a log in the typed dialect. */
export function typedStreamResponse(
  c: Context,
  cursor: LogCursor,
  options: { onClose?: () => void } = {},
): Response {
  return eventStreamResponse(c, cursor, { head: STREAM_HEAD, ...options });
}

/**
 * The cursor that a request asks for: `Last-Event-ID`, or `?after=N`, or 0. Past the end of a log whose
 * process has `crashed` it is the terminal event.
 *
 * @throws {RbeeError} `invalid_cursor` If it is not a number or past the log's end.
 */
export function readAfter(
  c: Context,
  lastSeq: number,
  options: { crashed?: boolean } = {},
): number {
  // An EventSource may send an empty header before it has seen an event.
  const given = (c.req.header("last-event-id") || undefined) ?? c.req.query("after");
  if (given === undefined) return 0;
  const shown = given.slice(0, 40);
  if (!/^\d{1,15}$/.test(given)) {
    throw new RbeeError("invalid_cursor", `Cannot resume after "${shown}": it is not a number`);
  }
  const after = Number(given);
  // What the reader has seen was lost with the process; what it has not seen is the end.
  if (after >= lastSeq && options.crashed) return lastSeq - 1;
  if (after > lastSeq) {
    throw new RbeeError(
      "invalid_cursor",
      `Cannot resume after ${after}: the last event is ${lastSeq}`,
    );
  }
  return after;
}

/**
 * The cursor that a request asks for in the log of a job, as {@linkcode readAfter}.
 *
 * @throws {RbeeError} `invalid_cursor` If it is not a number or past the log's end.
 */
export function readAfterIn(c: Context, job: Job): number {
  const crashed = job.view().error?.code === "interrupted";
  return readAfter(c, job.log.lastSeq, { crashed });
}

/**
 * The correlation id that a request brings, if any.
 *
 * @throws {RbeeError} `invalid_request` If it is no UUID.
 */
export function readCorrelationId(c: Context): string | undefined {
  const given = c.req.header("x-correlation-id");
  if (given === undefined) return undefined;
  const parsed = correlationIdSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new RbeeError(
    "invalid_request",
    "The header X-Correlation-Id must be a UUID of 36 characters; mend it or leave it out",
    { details: { field: "X-Correlation-Id" } },
  );
}

function readState(given: string) {
  const parsed = jobStateSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new RbeeError(
    "invalid_request",
    `"state" must be one of: ${jobStateSchema.options.join(", ")}`,
    { details: { field: "state" } },
  );
}

function readCount(field: string, given: string): number {
  const count = Number(given);
  if (/^\d{1,9}$/.test(given) && count > 0) return count;
  throw new RbeeError("invalid_request", `"${field}" must be a number from 1`, {
    details: { field },
  });
}

/** Without what can be large. */
function inShort({ result: _, error, ...view }: JobView): JobView {
  return { ...view, ...(error && { error: { code: error.code, message: error.message } }) };
}

function readSwitch(c: Context, field: string, isOn: boolean): boolean {
  const given = c.req.query(field);
  if (given === undefined) return isOn;
  if (given === "true" || given === "false") return given === "true";
  throw new RbeeError("invalid_request", `"${field}" must be true or false`, {
    details: { field },
  });
}

function wantsPlainText(c: Context): boolean {
  const format = c.req.query("format");
  if (format !== undefined && format !== "text" && format !== "events") {
    throw new RbeeError("invalid_request", '"format" must be text or events', {
      details: { field: "format" },
    });
  }
  if (format !== undefined) return format === "text";
  const accept = c.req.header("accept") ?? "";
  return accept.includes("text/plain") && !accept.includes("text/event-stream");
}
