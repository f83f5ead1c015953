import type { Context } from "hono";
import type { ContentfulStatusCode, UnofficialStatusCode } from "hono/utils/http-status";
import { type ErrorDetails, RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { type ErrorBody, errorBodySchema } from "../contracts/error_body.ts";

/**
 * "Client closed request" to nginx, and what a call that was cancelled is at gateways of gRPC. OpenAI's
 * clients and others make their general error of it and do not ask again, as they do after 408, 409,
 * 429 and every status from 500 up: who cancels a job does not want it done all the same. Nor is it any
 * of those that say that the request was wrong, or that what it asked for is not there.
 */
const CANCELLED = 499 as UnofficialStatusCode;

/** The HTTP status of each code; what is not here is 500. */
const STATUS: Record<string, ContentfulStatusCode> = {
  invalid_request: 400,
  invalid_json: 400,
  unknown_operation: 400,
  unsupported_parameter: 400,
  unsupported: 400,
  context_length_exceeded: 400,
  invalid_cursor: 400,
  bad_destination: 400,
  unauthorized: 401,
  forbidden: 403,
  forbidden_host: 403,
  forbidden_origin: 403,
  not_found: 404,
  job_not_found: 404,
  worker_not_found: 404,
  model_not_found: 404,
  engine_not_found: 404,
  no_such_device: 404,
  model_not_stored: 400,
  bad_model_name: 400,
  not_gguf: 400,
  model_ambiguous: 409,
  model_in_use: 409,
  hive_not_found: 404,
  job_already_ended: 409,
  job_id_taken: 409,
  job_expired: 410,
  cancelled: CANCELLED,
  body_too_slow: 408,
  body_too_large: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
  rate_limit_exceeded: 429,
  too_many_streams: 429,
  too_many_bodies: 429,
  too_many_jobs: 429,
  worker_unreachable: 502,
  worker_gone: 502,
  hive_unreachable: 503,
  queue_full: 503,
  page_not_built: 503,
  all_pinned: 503,
  insufficient_memory: 503,
  engine_busy: 503,
  engine_failed: 502,
  download_unauthorized: 502,
  download_failed: 502,
  download_cancelled: 503,
  size_mismatch: 502,
  checksum_mismatch: 502,
  disk_full: 507,
  shutting_down: 503,
  timeout: 504,
  tls_untrusted: 502,
  tls_mismatch: 502,
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

const OPENAI_PATH = /^\/v1\/(chat\/completions|completions|embeddings|models)(\/|$)/;
// When it is worth to ask again, in seconds, where the error itself does not say.
const RETRY_AFTER_S: Record<number, number> = { 429: 5, 503: 5 };

/**
 * Answers with any thrown value; what is no {@linkcode RbeeError} is `internal`. Where the path is one
 * of OpenAI's API the error has its `param` too.
 */
export function errorResponse(c: Context, thrown: unknown): Response {
  const error = toRbeeError(thrown);
  const status = statusOf(error);
  const forOpenAi = OPENAI_PATH.test(c.req.path);
  const given = error.details?.["retry_after_s"];
  const retryAfter = typeof given === "number"
    ? given
    : forOpenAi
    ? RETRY_AFTER_S[status]
    : undefined;
  return c.json(forOpenAi ? openAiErrorBody(error) : errorBody(error), status, {
    "Cache-Control": "no-store",
    ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
    // The rest of what was being sent is not waited for.
    ...(status === 408 && { "Connection": "close" }),
  });
}

// What is wrong with these is the name that the request gives the model.
const ABOUT_THE_MODEL = new Set([
  "model_not_found",
  "model_ambiguous",
  "model_not_stored",
  "bad_model_name",
  "not_gguf",
]);

/**
 * The body of an error with all that OpenAI's clients look for: `param` names the parameter at fault.
 * Of the details it has figures and names of rbee's own; the rest stays in the job.
 */
export function openAiErrorBody(error: RbeeError): ErrorBody {
  const { code, message } = error;
  const details = detailsForAnybody(error.details ?? {});
  const field = details["field"];
  const param = typeof field === "string" ? field : ABOUT_THE_MODEL.has(code) ? "model" : null;
  const isEmpty = Object.keys(details).length === 0;
  return {
    error: {
      message,
      type: typeOf(statusOf(error)),
      param,
      code,
      ...(!isEmpty && { details }),
    },
  };
}

const TOLD_TEXTS = new Set(["field", "worker_id", "signal"]);

/**
 * Lines that a process printed may hold the prompt of another client, and any text may be such a line;
 * so those alone are told that are known not to be.
 */
function detailsForAnybody(details: ErrorDetails): ErrorDetails {
  return Object.fromEntries(
    Object.entries(details).filter(([name, value]) =>
      typeof value === "number" || typeof value === "boolean" || TOLD_TEXTS.has(name)
    ),
  );
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
  if (status === CANCELLED) return "cancelled_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}
