import assert from "node:assert/strict";
import { embedSchema, inferSchema } from "../../src/contracts/operation.ts";
import { assertAccepts, assertRefuses, complaints } from "../helpers/schema_table.ts";

const INFER = {
  operation: "infer",
  model: "bee-tiny",
  messages: [{ role: "user", content: "Hello" }],
  max_tokens: 512,
  temperature: 0.7,
};
const tool = (name: string) => ({ type: "function", function: { name } });
const withParameters = (parameters: object) => ({
  type: "function",
  function: { name: "a", parameters },
});
/** An object with so many others inside one another. */
const nested = (depth: number) =>
  JSON.parse('{"a":'.repeat(depth - 1) + "{}" + "}".repeat(depth - 1));
const TOOLS = [tool("stop"), tool("go")];
const EMBED = { operation: "embed", model: "bee-tiny" };

Deno.test("inferSchema takes every parameter of sampling, form and tools", () => {
  assertAccepts(inferSchema, [
    { ...INFER, min_p: 0, frequency_penalty: -2, presence_penalty: 2 },
    { ...INFER, logit_bias: { "0": -100, "4294967295": 100 } },
    { ...INFER, response_format: { type: "text" } },
    { ...INFER, response_format: { type: "json_object" } },
    {
      ...INFER,
      response_format: {
        type: "json_schema",
        json_schema: { name: "x", schema: { type: "object" }, strict: true },
      },
    },
    { ...INFER, tools: TOOLS },
    { ...INFER, tools: TOOLS, tool_choice: "required", parallel_tool_calls: false },
    { ...INFER, tools: TOOLS, tool_choice: tool("go") },
    { ...INFER, tool_choice: "none" },
    {
      ...INFER,
      tools: [{
        type: "function",
        function: { name: "a-B_9", description: "x", parameters: { a: [null] }, strict: null },
      }],
    },
    { ...INFER, tools: [withParameters({ type: ["object", "null"] })] },
    { ...INFER, tools: [withParameters(nested(256))] },
  ]);
});

Deno.test("inferSchema names the parameter of sampling, form or tools that is wrong", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ min_p: 1.1 }, "min_p"],
    [{ frequency_penalty: 2.1 }, "frequency_penalty"],
    [{ presence_penalty: -2.1 }, "presence_penalty"],
    [{ logit_bias: { "1": 101 } }, "logit_bias.1"],
    [{ response_format: { type: "json_schema" } }, "response_format.json_schema"],
    [{ tools: [] }, "tools"],
    [{ tools: [tool("a"), tool("a")] }, "tools"],
    [{ tools: Array.from({ length: 129 }, (_, i) => tool(`t${i}`)) }, "tools"],
    [{ tools: [tool("a b")] }, "tools.0.function.name"],
    [{ tools: [withParameters({ type: "string" })] }, "tools.0.function.parameters"],
    [{ tools: [withParameters(nested(257))] }, "tools.0.function.parameters"],
    [{ tools: [withParameters(nested(100_000))] }, "tools.0.function.parameters"],
    [{
      response_format: { type: "json_schema", json_schema: { schema: nested(3000) } },
    }, "response_format.json_schema.schema"],
    [{ tool_choice: "required" }, "tool_choice"],
    [{ tools: TOOLS, tool_choice: tool("other") }, "tool_choice"],
    [{ messages: undefined, prompt: "x", tools: TOOLS }, "tools"],
  ];
  for (const [fields, path] of cases) {
    assert.deepEqual(complaints(inferSchema, { ...INFER, ...fields }), [path]);
  }
  assertRefuses(inferSchema, [{ ...INFER, logit_bias: { bee: 1 } }]);
});

Deno.test("embedSchema takes a text or up to 2048, none of them empty", () => {
  assertAccepts(embedSchema, [
    { ...EMBED, input: "x" },
    { ...EMBED, input: Array(2048).fill("x"), hive: "attic", device: "cpu", engine: "llama" },
  ]);
  assertRefuses(embedSchema, [
    EMBED,
    { ...EMBED, input: "" },
    { ...EMBED, input: [] },
    { ...EMBED, input: ["x", ""] },
    { ...EMBED, input: Array(2049).fill("x") },
    { ...EMBED, input: [1, 2] },
  ]);
});
