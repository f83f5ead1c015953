import assert from "node:assert/strict";
import { redactValue } from "../../src/base/redact_value.ts";

Deno.test("redactValue() hides what fields hold that are named like secrets, however deep", () => {
  assert.deepEqual(
    redactValue({ token: "a", at: [{ apiKey: ["b"], headers: { "Set-Cookie": { c: "d" } } }] }),
    {
      token: "[redacted]",
      at: [{ apiKey: "[redacted]", headers: { "Set-Cookie": "[redacted]" } }],
    },
  );
});

Deno.test("redactValue() leaves counts, yes, no and nothing in fields that are named like secrets", () => {
  const value = { token: 5, password: null, secret: true, cookie: "", eos_token: "</s>" };
  assert.equal(redactValue(value), value);
});

Deno.test("redactValue() hides numbers in fields that are named like passwords", () => {
  assert.deepEqual(redactValue({ password: 12345678, db_pass: 1, secret: 2, secrets: 3, n: 4 }), {
    password: "[redacted]",
    db_pass: "[redacted]",
    secret: "[redacted]",
    secrets: 3,
    n: 4,
  });
});

Deno.test("redactValue() hides what stands beside a name like that of a secret", () => {
  assert.deepEqual(
    redactValue({
      headers: [["authorization", "Basic dXNlcg=="], ["accept", "text/plain"]],
      raw: ["host", "a", "X-Api-Key", "b"],
      command: ["rbee", "token", "create"],
    }),
    {
      headers: [["authorization", "[redacted]"], ["accept", "text/plain"]],
      raw: ["host", "a", "X-Api-Key", "[redacted]"],
      command: ["rbee", "token", "create"],
    },
  );
});

Deno.test("redactValue() takes secrets out of any text", () => {
  assert.deepEqual(redactValue({ url: "https://a:b@c/", lines: ["HF_TOKEN=d"] }), {
    url: "https://a:[redacted]@c/",
    lines: ["HF_TOKEN=[redacted]"],
  });
});

Deno.test("redactValue() hides what follows a flag that is named like a secret", () => {
  assert.deepEqual(redactValue({ args: ["serve", "--hf-token", "a", "--port", "1"] }), {
    args: ["serve", "--hf-token", "[redacted]", "--port", "1"],
  });
});

Deno.test("redactValue() returns the very value where nothing is secret, and never changes one", () => {
  const clean = {
    pid: 5,
    worker_id: "worker-1",
    list: [1, "a", null],
    nested: { prompt_tokens: 3 },
  };
  assert.equal(redactValue(clean), clean);
  const secret = Object.freeze({ list: Object.freeze(["HF_TOKEN=d"]), token: "a" });
  redactValue(secret);
  assert.deepEqual(secret, { list: ["HF_TOKEN=d"], token: "a" });
});

Deno.test("redactValue() keeps fields that are named like a prototype's, and pollutes none", () => {
  const value = JSON.parse(
    '{"__proto__":{"token":"a"},"constructor":{"prototype":{"password":"b"}}}',
  );
  assert.equal(
    JSON.stringify(redactValue(value)),
    '{"__proto__":{"token":"[redacted]"},"constructor":{"prototype":{"password":"[redacted]"}}}',
  );
  assert.equal(({} as Record<string, unknown>)["token"], undefined);
  assert.equal(({} as Record<string, unknown>)["password"], undefined);
});

Deno.test("redactValue() ends a value of 100,000 levels, and shows nothing below 32 of them", () => {
  const deep = JSON.parse("[".repeat(100_000) + '"pollen"' + "]".repeat(100_000));
  const text = JSON.stringify(redactValue(deep));
  assert.equal(text, "[".repeat(32) + '"[redacted]"' + "]".repeat(32));
});
