import assert from "node:assert/strict";
import { readChatRequest } from "../../../src/queen/openai/infer_request.ts";

const nested = (name: string, depth: number) =>
  JSON.parse(`{${name}:`.repeat(depth) + "{}" + "}".repeat(depth));
const CHAT = { model: "bee-tiny", messages: [{ role: "user", content: "Hi" }] };

Deno.test("readChatRequest() refuses a schema that is too deep with a sentence, however deep", () => {
  for (const depth of [300, 3000, 100_000]) {
    const schema = nested('"a"', depth);
    const response_format = { type: "json_schema", json_schema: { name: "x", schema } };
    assert.throws(() => readChatRequest({ ...CHAT, response_format }), {
      code: "invalid_request",
      message: 'Parameter "response_format.json_schema.schema" must not be nested over 256 deep',
      details: { field: "response_format.json_schema.schema" },
    });
    const tool = { type: "function", function: { name: "go", parameters: schema } };
    assert.throws(() => readChatRequest({ ...CHAT, tools: [tool] }), {
      code: "invalid_request",
      message: 'Parameter "tools[0].function.parameters" must not be nested over 256 deep',
    });
  }
});

Deno.test("readChatRequest() refuses parameters of a function that are no object's", () => {
  const tool = { type: "function", function: { name: "go", parameters: { type: "string" } } };
  assert.throws(() => readChatRequest({ ...CHAT, tools: [tool] }), {
    code: "invalid_request",
    message:
      'Parameter "tools[0].function.parameters" must be the schema of an object: its type is another',
  });
});
