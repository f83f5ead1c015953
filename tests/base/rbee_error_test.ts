import assert from "node:assert/strict";
import { messageOf, RbeeError, toRbeeError } from "../../src/base/rbee_error.ts";

Deno.test("RbeeError has a code, a sentence, details and a cause", () => {
  const cause = new Error("low level");
  const error = new RbeeError("job_not_found", 'Cannot find job "a"', {
    details: { job: "a" },
    cause,
  });
  assert.ok(error instanceof Error);
  assert.equal(error.name, "RbeeError");
  assert.equal(error.code, "job_not_found");
  assert.equal(error.message, 'Cannot find job "a"');
  assert.deepEqual(error.details, { job: "a" });
  assert.equal(error.cause, cause);
});

Deno.test("RbeeError without a cause has no cause property", () => {
  const error = new RbeeError("busy", "Busy");
  assert.equal("cause" in error, false);
  assert.equal(error.details, undefined);
});

Deno.test("messageOf() gives the sentence of any thrown value, without a stack", () => {
  assert.equal(messageOf(new TypeError("wrong")), "wrong");
  assert.equal(messageOf("text"), "text");
  assert.equal(messageOf(undefined), "undefined");
  assert.equal(messageOf(null), "null");
  assert.equal(messageOf(Symbol("s")), "Symbol(s)");
});

Deno.test("toRbeeError() gives back an RbeeError as it is", () => {
  const error = new RbeeError("busy", "Busy");
  assert.equal(toRbeeError(error), error);
});

Deno.test("toRbeeError() makes anything else internal and keeps it as the cause", () => {
  const thrown = new TypeError("x is undefined");
  const error = toRbeeError(thrown);
  assert.equal(error.code, "internal");
  assert.equal(error.message, "Internal error: x is undefined");
  assert.equal(error.cause, thrown);
  assert.equal(toRbeeError("text").message, "Internal error: text");
});

Deno.test("RbeeError has no secrets in its message and its details, wherever it came from", () => {
  const cause = new TypeError("cannot reach https://luna:pollen@host/");
  for (
    const error of [
      new RbeeError("x", cause.message, {
        details: { token: "pollen", lines: ["HF_TOKEN=pollen"] },
      }),
      toRbeeError(cause),
    ]
  ) {
    const { message, details } = error;
    assert.match(message, /https:\/\/luna:\[redacted\]@host\//);
    assert.doesNotMatch(JSON.stringify({ message, details }), /pollen/);
  }
});

Deno.test("toRbeeError() says in a sentence what a process may not do, without a flag of Deno", () => {
  const thrown = new Deno.errors.NotCapable(
    'Requires run access to "true", run again with the --allow-run flag',
  );
  const { code, message } = toRbeeError(thrown);
  assert.equal(code, "not_permitted");
  assert.match(
    message,
    /^This process of rbee may not do that: it requires run access to "true"; /,
  );
  assert.doesNotMatch(message, /--allow|\n/);
});
