import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { errorBodySchema } from "../../src/contracts/error_body.ts";
import { errorBody, errorFromResponse, statusOf } from "../../src/http/errors.ts";

const URL = "http://127.0.0.1:7833/v1/jobs";

for (
  const [code, status, type] of [
    ["invalid_request", 400, "invalid_request_error"],
    ["invalid_json", 400, "invalid_request_error"],
    ["unknown_operation", 400, "invalid_request_error"],
    ["invalid_cursor", 400, "invalid_request_error"],
    ["context_length_exceeded", 400, "invalid_request_error"],
    ["unauthorized", 401, "authentication_error"],
    ["forbidden_host", 403, "permission_error"],
    ["forbidden_origin", 403, "permission_error"],
    ["not_found", 404, "invalid_request_error"],
    ["job_not_found", 404, "invalid_request_error"],
    ["job_already_ended", 409, "invalid_request_error"],
    ["job_expired", 410, "invalid_request_error"],
    ["body_too_large", 413, "invalid_request_error"],
    ["unsupported_media_type", 415, "invalid_request_error"],
    ["too_many_requests", 429, "rate_limit_error"],
    ["internal", 500, "server_error"],
    ["a_code_of_tomorrow", 500, "server_error"],
    ["toString", 500, "server_error"],
    ["worker_gone", 502, "server_error"],
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
