import { RbeeError } from "../base/rbee_error.ts";
import { redact } from "../base/redact.ts";
import { type Caller, LOCAL_PERSON } from "../http/caller.ts";
import { validate } from "../http/json_body.ts";
import type { RequestLimits } from "../http/request_limits.ts";
import type { Job } from "./job.ts";
import type { JobRegistry, NewJob } from "./job_registry.ts";
import { runJob } from "./job_runner.ts";
import { mayReach } from "./job_owner.ts";
import type { OperationHandler, OperationHandlers } from "./operation_handler.ts";

const MAX_MODEL_CHARACTERS = 300;

/** What takes a role's jobs. */
export interface JobIntake {
  registry: JobRegistry;
  handlers: OperationHandlers;
  /** False while the role ends: new jobs are then refused. */
  accepting(): boolean;
  /** How many jobs a token may have. Default: as many as it likes. */
  limits?: Pick<RequestLimits, "requireRoomForJob"> | undefined;
}

/**
 * Checks a request, makes its job and starts it. It runs whether or not anybody ever reads its stream.
 * With an id that a job already has, that job is given back and nothing is started.
 *
 * @param body `operation`, and the fields of that operation.
 * @throws {RbeeError} `invalid_request` or `unknown_operation` If it does not fit; `details.field` names
 * the first wrong field.
 * @throws {RbeeError} `forbidden` If `caller` may not submit it.
 * @throws {RbeeError} `job_id_taken` If the id is that of a job of which `caller` may not know.
 * @throws {RbeeError} `shutting_down` If the role is stopping.
 * @throws {RbeeError} `too_many_jobs` If `caller` has as many that have not ended as it may have.
 * @throws {RbeeError} `queue_full` If there is no room for another.
 * @throws {RbeeError} `job_expired` If the id is of a time from which nothing is kept.
 */
export function submitJob(
  intake: JobIntake,
  body: Record<string, unknown>,
  options: Omit<NewJob, "operation" | "model" | "owner"> & { caller?: Caller } = {},
): Job {
  const { registry } = intake;
  const { caller = LOCAL_PERSON, ...given } = options;
  const { name, handler } = findHandler(intake.handlers, body);
  const request = validate(handler.schema, body, { what: `the operation "${name}"` });
  if (caller.role === "infer") requirePermission(name, handler, request);
  const known = given.jobId === undefined ? undefined : registry.find(given.jobId);
  if (known !== undefined && !mayReach(caller, known)) {
    // Not a word of whose it is, what it does, or how it is.
    throw new RbeeError("job_id_taken", "This job_id is taken; choose another, or leave it out");
  }
  const repeated = known !== undefined;
  if (!repeated && !intake.accepting()) {
    throw new RbeeError("shutting_down", "This role is stopping and takes no jobs; try again");
  }
  if (!repeated) {
    intake.limits?.requireRoomForJob(caller, registry.activeOf(caller.tokenId));
    handler.admit?.(request);
  }
  const { job, created } = registry.create({
    operation: name,
    ...given,
    model: shownModelOf(request),
    owner: caller.tokenId,
  });
  if (created) runJob(job, (running) => handler.run(request, running), handler.limit);
  return job;
}

/** The model that a request names, in no more than 300 characters and without what is secret in an address. */
function shownModelOf(request: unknown): string | undefined {
  if (typeof request !== "object" || request === null || !("model" in request)) return undefined;
  const { model } = request;
  // Cut last: half of a secret is known by no sign.
  return typeof model === "string" ? redact(model).slice(0, MAX_MODEL_CHARACTERS) : undefined;
}

function requirePermission(name: string, handler: OperationHandler, request: unknown): void {
  if (handler.permitInfer !== undefined) return handler.permitInfer(request);
  throw new RbeeError(
    "forbidden",
    `A token of the role infer may not submit the operation "${name}"; ask with one that rbee token create --role admin has made`,
  );
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
