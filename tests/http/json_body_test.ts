import assert from "node:assert/strict";
import { Hono } from "hono";
import { z } from "zod";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { inferSchema, workerSpawnSchema } from "../../src/contracts/operation.ts";
import { errorResponse } from "../../src/http/errors.ts";
import { readJsonObject, validate } from "../../src/http/json_body.ts";

const schema = z.strictObject({
  name: z.string().regex(/^[a-z]+$/, "must be lower case letters"),
  size: z.number().int().optional(),
  parts: z.array(z.strictObject({ id: z.number() })).optional(),
});

function refusal(value: unknown, of: z.ZodType = schema): RbeeError {
  try {
    validate(of, value, { what: "a test" });
  } catch (error) {
    assert.ok(error instanceof RbeeError);
    assert.equal(error.code, "invalid_request");
    return error;
  }
  assert.fail("it was taken");
}

Deno.test("validate() returns what the schema makes of the value", () => {
  const withDefault = z.strictObject({ n: z.number().default(7) });
  assert.deepEqual(validate(withDefault, {}, { what: "a test" }), { n: 7 });
});

for (
  const [what, value, field, message] of [
    ["a missing field", {}, "name", 'Field "name" of a test is missing'],
    [
      "a field of its own rule",
      { name: "A" },
      "name",
      'Field "name" of a test must be lower case letters',
    ],
    [
      "an unknown field",
      { name: "a", extra: 1 },
      "extra",
      'Unknown field "extra" for a test; remove it',
    ],
    [
      "an unknown field deep inside",
      { name: "a", parts: [{ id: 1 }, { id: 2, x: 1 }] },
      "parts.1.x",
      'Unknown field "parts.1.x" for a test; remove it',
    ],
    [
      "a missing field deep inside",
      { name: "a", parts: [{}] },
      "parts.0.id",
      'Field "parts.0.id" of a test is missing',
    ],
  ] as const
) {
  Deno.test(`validate() names ${what}`, () => {
    const error = refusal(value);
    assert.deepEqual(error.details, { field });
    assert.equal(error.message, message);
  });
}

Deno.test("validate() says what is wrong with a field of the wrong type", () => {
  const error = refusal({ name: "a", size: "large" });
  assert.deepEqual(error.details, { field: "size" });
  assert.equal(error.message, 'Field "size" of a test must be a number');
});

Deno.test("validate() tells null from a missing field", () => {
  assert.doesNotMatch(refusal({ name: null }).message, /is missing/);
});

for (
  const [what, request, field] of [
    ["no model", { operation: "infer", prompt: "x" }, "model"],
    ["an empty model", { operation: "infer", model: "", prompt: "x" }, "model"],
    ["neither prompt nor messages", { operation: "infer", model: "m" }, "prompt"],
    ["both prompt and messages", {
      operation: "infer",
      model: "m",
      prompt: "x",
      messages: [{ role: "user", content: "y" }],
    }, "prompt"],
    [
      "a temperature of 3",
      { operation: "infer", model: "m", prompt: "x", temperature: 3 },
      "temperature",
    ],
    [
      "max_tokens of 0",
      { operation: "infer", model: "m", prompt: "x", max_tokens: 0 },
      "max_tokens",
    ],
    ["a foreign device", { operation: "infer", model: "m", prompt: "x", device: "tpu" }, "device"],
    [
      "an unknown field",
      { operation: "infer", model: "m", prompt: "x", max_token: 5 },
      "max_token",
    ],
    [
      "a message without content",
      { operation: "infer", model: "m", messages: [{ role: "user" }] },
      "messages.0.content",
    ],
  ] as const
) {
  Deno.test(`An infer with ${what} is refused and names the field`, () => {
    const error = refusal(request, inferSchema);
    assert.deepEqual(error.details, { field });
    assert.ok(error.message.includes(`"${field}"`), error.message);
  });
}

Deno.test("An infer gets the contract's defaults", () => {
  const request = validate(inferSchema, { operation: "infer", model: "m", prompt: "x" }, {
    what: "a test",
  });
  assert.equal(request.max_tokens, 512);
  assert.equal(request.temperature, 0.7);
});

Deno.test("A worker_spawn without a model names it", () => {
  assert.deepEqual(refusal({ operation: "worker_spawn" }, workerSpawnSchema).details, {
    field: "model",
  });
});

/** What a route answers that reads its body and gives it back. */
async function readBack(body: BodyInit, headers: Record<string, string> = {}) {
  const app = new Hono();
  app.post("/", async (c) => c.json(await readJsonObject(c)));
  app.onError((error, c) => errorResponse(c, error));
  const answer = await app.request("/", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body,
  });
  const { error, ...read } = await answer.json();
  return { status: answer.status, code: error?.code, message: error?.message, read };
}

Deno.test("readJsonObject() reads JSON in UTF-8, also with a mark of it before and without a coding", async () => {
  const text = JSON.stringify({ bee: "\u{1F41D}" });
  for (
    const [body, headers] of [[text, {}], [`\uFEFF${text}`, {
      "Content-Encoding": "identity",
    }]] as const
  ) {
    assert.deepEqual((await readBack(body, headers)).read, { bee: "\u{1F41D}" });
  }
});

Deno.test("readJsonObject() refuses a body that is packed, and says so", async () => {
  const packed = new Blob(['{"bee":1}']).stream().pipeThrough(new CompressionStream("gzip"));
  for (const body of [await new Response(packed).bytes(), '{"bee":1}']) {
    const { status, code, message } = await readBack(body, { "Content-Encoding": "gzip" });
    assert.deepEqual([status, code], [415, "unsupported_media_type"]);
    assert.equal(
      message,
      'Cannot read a body of Content-Encoding "gzip"; send it as it is, without that header',
    );
  }
});

for (
  const [what, bytes] of [
    ["bytes that are no UTF-8", [0x22, 0xff, 0xfe, 0x22]],
    ["half a character", [0x22, 0xc3, 0x22]],
    ["a surrogate alone", [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ] as const
) {
  Deno.test(`readJsonObject() refuses ${what}`, async () => {
    const [before, after] = ['{"bee":', "}"].map((text) => new TextEncoder().encode(text));
    const body = new Uint8Array([...before!, ...bytes, ...after!]);
    const { status, code, message } = await readBack(body);
    assert.deepEqual([status, code], [400, "invalid_json"]);
    assert.equal(message, "The body is not UTF-8; send a JSON object in UTF-8");
  });
}

Deno.test("readJsonObject() refuses what is no JSON object", async () => {
  for (const body of ["{", "", "[]", "null", "7"]) {
    const { status, code } = await readBack(body);
    assert.deepEqual([status, code], [400, "invalid_json"]);
  }
});
