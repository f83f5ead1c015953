import assert from "node:assert/strict";
import { Hono } from "hono";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { errorBodySchema } from "../../src/contracts/error_body.ts";
import {
  errorBody,
  errorFromResponse,
  errorResponse,
  openAiErrorBody,
  statusOf,
} from "../../src/http/errors.ts";

const URL = "http://127.0.0.1:7833/v1/jobs";

for (
  const [code, status, type] of [
    ["invalid_request", 400, "invalid_request_error"],
    ["invalid_json", 400, "invalid_request_error"],
    ["unknown_operation", 400, "invalid_request_error"],
    ["unsupported_parameter", 400, "invalid_request_error"],
    ["invalid_cursor", 400, "invalid_request_error"],
    ["context_length_exceeded", 400, "invalid_request_error"],
    ["unauthorized", 401, "authentication_error"],
    ["forbidden_host", 403, "permission_error"],
    ["forbidden_origin", 403, "permission_error"],
    ["not_found", 404, "invalid_request_error"],
    ["job_not_found", 404, "invalid_request_error"],
    ["job_already_ended", 409, "invalid_request_error"],
    ["job_expired", 410, "invalid_request_error"],
    ["cancelled", 499, "cancelled_error"],
    ["bad_model_name", 400, "invalid_request_error"],
    ["not_gguf", 400, "invalid_request_error"],
    ["body_too_large", 413, "invalid_request_error"],
    ["unsupported_media_type", 415, "invalid_request_error"],
    ["too_many_requests", 429, "rate_limit_error"],
    ["rate_limit_exceeded", 429, "rate_limit_error"],
    ["too_many_streams", 429, "rate_limit_error"],
    ["too_many_jobs", 429, "rate_limit_error"],
    ["body_too_slow", 408, "invalid_request_error"],
    ["internal", 500, "server_error"],
    ["a_code_of_tomorrow", 500, "server_error"],
    ["toString", 500, "server_error"],
    ["worker_gone", 502, "server_error"],
    ["engine_failed", 502, "server_error"],
    ["engine_not_found", 404, "invalid_request_error"],
    ["no_such_device", 404, "invalid_request_error"],
    ["hive_not_found", 404, "invalid_request_error"],
    ["hive_unreachable", 503, "server_error"],
    ["queue_full", 503, "server_error"],
    ["insufficient_memory", 503, "server_error"],
    ["engine_busy", 503, "server_error"],
    ["shutting_down", 503, "server_error"],
    ["timeout", 504, "server_error"],
  ] as const
) {
  Deno.test(`An error ${code} is answered with ${status} as ${type}`, () => {
    const error = new RbeeError(code, "A sentence");
    assert.equal(statusOf(error), status);
    assert.deepEqual(errorBody(error), { error: { code, message: "A sentence", type } });
  });
}

/** The answer to a request whose work throws `thrown`. */
async function answerTo(thrown: unknown): Promise<Response> {
  const app = new Hono();
  app.get("/", (c) => errorResponse(c, thrown));
  return await app.request("/");
}

for (const [seconds, header] of [[5, "5"], [0, "0"], ["soon", null], [undefined, null]] as const) {
  Deno.test(`errorResponse() with retry_after_s ${seconds} has Retry-After ${header}`, async () => {
    const details = seconds === undefined ? { waiting: 3 } : { retry_after_s: seconds };
    const answer = await answerTo(new RbeeError("queue_full", "Too many wait", { details }));
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("retry-after"), header);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const { error } = errorBodySchema.parse(await answer.json());
    assert.deepEqual([error.code, error.type, error.details], [
      "queue_full",
      "server_error",
      details,
    ]);
  });
}

Deno.test("errorResponse() answers what is no error of ours as internal, without its stack", async () => {
  const answer = await answerTo(new TypeError("the wheel is missing"));
  assert.equal(answer.status, 500);
  assert.deepEqual(await answer.json(), {
    error: {
      code: "internal",
      message: "Internal error: the wheel is missing",
      type: "server_error",
    },
  });
});

Deno.test("errorFromResponse() rebuilds the error that errorBody() wrote", () => {
  const error = new RbeeError("worker_gone", 'The "worker" ended', {
    details: { status: 137, signals: ["SIGKILL"], known: false },
  });
  const body = errorBodySchema.parse(errorBody(error));
  const rebuilt = errorFromResponse(502, JSON.stringify(body), URL);
  assert.ok(rebuilt instanceof RbeeError);
  assert.equal(rebuilt.code, error.code);
  assert.equal(rebuilt.message, error.message);
  assert.deepEqual(rebuilt.details, error.details);
});

Deno.test("errorFromResponse() without details has none", () => {
  const body = errorBody(new RbeeError("job_not_found", "Cannot find it"));
  assert.equal(errorFromResponse(404, JSON.stringify(body), URL).details, undefined);
});

for (
  const [what, body] of [
    ["HTML", "<html>404</html>"],
    ["nothing", ""],
    ["other JSON", '{"detail":"Not Found"}'],
    ["an error of another form", '{"error":"model not found"}'],
    ["null", "null"],
  ] as const
) {
  Deno.test(`errorFromResponse() says who answered with ${what}`, () => {
    const message = `${URL} answered 502, and not as rbee does; check that the address is rbee's`;
    const error = errorFromResponse(502, body, URL);
    assert.deepEqual({ code: error.code, message: error.message }, { code: "bad_answer", message });
    assert.equal(errorFromResponse(404, body, URL).code, "not_found");
  });
}

for (
  const [code, status, param] of [
    ["no_such_device", 404, null],
    ["model_not_found", 404, "model"],
    ["bad_model_name", 400, "model"],
    ["model_ambiguous", 409, "model"],
    ["not_gguf", 400, "model"],
  ] as const
) {
  Deno.test(`errorResponse() answers ${code} to a client of OpenAI's API with ${status} in that API's form`, async () => {
    const app = new Hono();
    app.post("/v1/chat/completions", (c) => errorResponse(c, new RbeeError(code, "A sentence")));
    const answer = await app.request("/v1/chat/completions", { method: "POST" });
    assert.equal(answer.status, status);
    assert.deepEqual(await answer.json(), {
      error: { message: "A sentence", type: "invalid_request_error", param, code },
    });
  });
}

Deno.test("openAiErrorBody() tells of the details figures and names alone, never what a process printed", () => {
  const details = {
    field: "input",
    prompt_tokens: 900,
    on_gpu: true,
    signal: null,
    worker_id: "worker-1",
    last_lines: ["the prompt was: open sesame"],
    line: "the prompt was: open sesame",
  };
  const error = new RbeeError("worker_gone", "It died", { details });
  const { last_lines: _lines, line: _line, ...told } = details;
  assert.deepEqual(openAiErrorBody(error), {
    error: {
      message: "It died",
      type: "server_error",
      param: "input",
      code: "worker_gone",
      details: told,
    },
  });
  assert.deepEqual(errorBody(error).error.details, details, "rbee's own clients are told all");
});

Deno.test("openAiErrorBody() has no details where nothing of them is told", () => {
  const error = new RbeeError("worker_gone", "It died", { details: { last_lines: ["x"] } });
  assert.ok(!("details" in openAiErrorBody(error).error));
});
