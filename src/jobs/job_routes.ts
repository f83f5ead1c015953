import { type Context, Hono } from "hono";
import { RbeeError } from "../base/rbee_error.ts";
import { correlationIdSchema } from "../contracts/identifiers.ts";
import { jobStateSchema, submitOptionsSchema } from "../contracts/job.ts";
import { eventStreamResponse } from "../http/event_stream.ts";
import { readJsonObject, validate } from "../http/json_body.ts";
import { STREAM_HEAD } from "../sse/encode_event.ts";
import type { LogCursor } from "./event_log.ts";
import type { Job } from "./job.ts";
import type { JobRegistry } from "./job_registry.ts";
import { runJob } from "./job_runner.ts";
import type { OperationHandlers } from "./operation_handler.ts";
import { PlainTextCursor } from "./plain_text_cursor.ts";

/** What the routes of jobs need. */
export interface JobRoutesOptions {
  registry: JobRegistry;
  handlers: OperationHandlers;
  /** False while the role ends: new jobs are then refused. */
  accepting(): boolean;
}

/** `/v1/jobs` and what is below it, the same for queen, hive and worker. */
export function jobRoutes(options: JobRoutesOptions): Hono {
  const { registry } = options;
  const app = new Hono();

  app.post("/v1/jobs", async (c) => {
    const correlationId = readCorrelationId(c);
    const { job_id, unwatched_limit_ms, ...body } = await readJsonObject(c);
    const submit = validate(submitOptionsSchema, { job_id, unwatched_limit_ms }, {
      what: "a submit",
    });
    const { name, handler } = findHandler(options.handlers, body);
    const request = validate(handler.schema, body, { what: `the operation "${name}"` });
    const repeated = submit.job_id !== undefined && registry.find(submit.job_id) !== undefined;
    if (!repeated && !options.accepting()) {
      throw new RbeeError("shutting_down", "This role is stopping and takes no jobs; try again");
    }
    if (!repeated) handler.admit?.(request);
    const { job, created } = registry.create({
      operation: name,
      jobId: submit.job_id,
      correlationId,
      unwatchedLimitMs: submit.unwatched_limit_ms,
    });
    // The job runs whether or not anybody ever reads its stream.
    if (created) runJob(job, (running) => handler.run(request, running), handler.limit);
    c.header("X-Correlation-Id", job.correlationId);
    return c.json({ job_id: job.id, sse_url: `/v1/jobs/${job.id}/stream` }, 202);
  });

  app.get("/v1/jobs", (c) => {
    const state = c.req.query("state");
    const limit = c.req.query("limit");
    return c.json({
      jobs: registry.list({
        state: state === undefined ? undefined : readState(state),
        limit: limit === undefined ? undefined : readCount("limit", limit),
      }),
    });
  });

  app.get("/v1/jobs/:id", (c) => c.json(registry.get(c.req.param("id")).view()));

  app.delete("/v1/jobs/:id", (c) => {
    const job = registry.get(c.req.param("id"));
    if (!job.cancel("on request")) {
      throw new RbeeError(
        "job_already_ended",
        `Job "${job.id}" has already ended (${job.state}); there is nothing to cancel`,
      );
    }
    return c.json({ job_id: job.id, state: job.state }, 202);
  });

  app.get("/v1/jobs/:id/stream", (c) => {
    const job = registry.get(c.req.param("id"));
    const cursor = job.log.cursor(readAfter(c, job.log.lastSeq, { crashed: wasInterrupted(job) }));
    const plain = wantsPlainText(c);
    // Counted only now: a request that was refused above is no reader.
    const onClose = job.addReader();
    return plain
      ? eventStreamResponse(c, new PlainTextCursor(cursor), { onClose })
      : typedStreamResponse(c, cursor, { onClose });
  });

  return app;
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

function wasInterrupted(job: Job): boolean {
  return job.view().error?.code === "interrupted";
}

function findHandler(handlers: OperationHandlers, body: Record<string, unknown>) {
  const name = body["operation"];
  const known = Object.keys(handlers).join(", ");
  if (typeof name !== "string") {
    throw new RbeeError(
      "invalid_request",
      `Field "operation" is ${name === undefined ? "missing" : "not text"}; give one of: ${known}`,
      { details: { field: "operation" } },
    );
  }
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  if (handler === undefined) {
    throw new RbeeError(
      "unknown_operation",
      `Unknown operation "${name.slice(0, 80)}" in field "operation"; give one of: ${known}`,
      { details: { field: "operation" } },
    );
  }
  return { name, handler };
}

function readCorrelationId(c: Context): string | undefined {
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
