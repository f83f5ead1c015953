import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { type ErrorBody, errorBodySchema } from "../contracts/error_body.ts";

/** The HTTP status of each code; what is not here is 500. */
const STATUS: Record<string, ContentfulStatusCode> = {
  invalid_request: 400,
  invalid_json: 400,
  unknown_operation: 400,
  context_length_exceeded: 400,
  invalid_cursor: 400,
  bad_destination: 400,
  unauthorized: 401,
  forbidden_host: 403,
  forbidden_origin: 403,
  not_found: 404,
  job_not_found: 404,
  worker_not_found: 404,
  model_not_found: 404,
  engine_not_found: 404,
  hive_not_found: 404,
  job_already_ended: 409,
  job_expired: 410,
  body_too_large: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
  worker_unreachable: 502,
  worker_gone: 502,
  hive_unreachable: 503,
  queue_full: 503,
  all_pinned: 503,
  insufficient_memory: 503,
  engine_busy: 503,
  engine_failed: 502,
  shutting_down: 503,
  timeout: 504,
};

/** The status that an error is answered with. */
export function statusOf(error: RbeeError): ContentfulStatusCode {
  return (Object.hasOwn(STATUS, error.code) ? STATUS[error.code] : undefined) ?? 500;
}

/** The body that an error is answered with, in the form that clients of OpenAI's API read. */
export function errorBody(error: RbeeError): ErrorBody {
  const { code, message, details } = error;
  return { error: { code, message, type: typeOf(statusOf(error)), ...(details && { details }) } };
}

/** Answers with any thrown value; what is no {@linkcode RbeeError} is `internal`. */
export function errorResponse(c: Context, thrown: unknown): Response {
  const error = toRbeeError(thrown);
  const retryAfter = error.details?.["retry_after_s"];
  return c.json(errorBody(error), statusOf(error), {
    "Cache-Control": "no-store",
    ...(typeof retryAfter === "number" && { "Retry-After": String(retryAfter) }),
  });
}

/**
 * Rebuilds the error that another role answered with. Where the body is none of ours, the error says
 * who answered what.
 */
export function errorFromResponse(status: number, body: string, url: string): RbeeError {
  try {
    const { error } = errorBodySchema.parse(JSON.parse(body));
    return new RbeeError(error.code, error.message, {
      details: error.details as Record<string, string> | undefined,
    });
  } catch {
    const code = status === 404 ? "not_found" : "bad_answer";
    return new RbeeError(
      code,
      `${url} answered ${status}, and not as rbee does; check that the address is rbee's`,
    );
  }
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}
