import { RbeeError } from "../base/rbee_error.ts";
import { validate } from "../http/json_body.ts";
import type { Job } from "./job.ts";
import type { JobRegistry, NewJob } from "./job_registry.ts";
import { runJob } from "./job_runner.ts";
import type { OperationHandlers } from "./operation_handler.ts";

/** What takes a role's jobs. */
export interface JobIntake {
  registry: JobRegistry;
  handlers: OperationHandlers;
  /** False while the role ends: new jobs are then refused. */
  accepting(): boolean;
}

/**
 * Checks a request, makes its job and starts it. It runs whether or not anybody ever reads its stream.
 * With an id that a job already has, that job is given back and nothing is started.
 *
 * @param body `operation`, and the fields of that operation.
 * @throws {RbeeError} `invalid_request` or `unknown_operation` If it does not fit; `details.field` names
 * the first wrong field.
 * @throws {RbeeError} `shutting_down` If the role is stopping.
 * @throws {RbeeError} `queue_full` If there is no room for another.
 * @throws {RbeeError} `job_expired` If the id is of a time from which nothing is kept.
 */
export function submitJob(
  intake: JobIntake,
  body: Record<string, unknown>,
  options: Omit<NewJob, "operation"> = {},
): Job {
  const { registry } = intake;
  const { name, handler } = findHandler(intake.handlers, body);
  const request = validate(handler.schema, body, { what: `the operation "${name}"` });
  const repeated = options.jobId !== undefined && registry.find(options.jobId) !== undefined;
  if (!repeated && !intake.accepting()) {
    throw new RbeeError("shutting_down", "This role is stopping and takes no jobs; try again");
  }
  if (!repeated) handler.admit?.(request);
  const { job, created } = registry.create({ operation: name, ...options });
  if (created) runJob(job, (running) => handler.run(request, running), handler.limit);
  return job;
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
