import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { toolCallsSchema } from "../../src/contracts/tool.ts";
import { TestHive } from "../helpers/test_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const ASK = {
  operation: "infer",
  model: "bee-tiny",
  messages: [{ role: "user", content: [{ type: "text", text: "Which flower?" }] }],
  temperature: 0,
};
const PARAMETERS = { type: "object", properties: { flower: { enum: ["rose", "clover"] } } };

function textOf(events: readonly JobEvent[]): string {
  return events.map((event) => event.type === "token" ? event.text : "").join("");
}

Deno.test("infer() brings calls of tools, JSON and what was known of the prompt through to the queen", async () => {
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const events = await queen.run({
    ...ASK,
    tools: [{ type: "function", function: { name: "pick", parameters: PARAMETERS } }],
    tool_choice: "required",
  });
  const data = events.find((event) => event.type === "data");
  assert.ok(data?.type === "data", JSON.stringify(events.at(-1)));
  assert.equal(data.name, "tool_calls");
  const [call] = toolCallsSchema.parse(data.value);
  assert.equal(call?.function.name, "pick");
  const { flower } = JSON.parse(call.function.arguments);
  assert.ok(["rose", "clover"].includes(flower));
  const end = events.at(-1);
  assert.ok(end?.type === "done");
  assert.equal(end.finish_reason, "tool_calls");

  const json = await queen.run({
    ...ASK,
    response_format: { type: "json_schema", json_schema: { schema: PARAMETERS } },
  });
  assert.ok(["rose", "clover"].includes(JSON.parse(textOf(json)).flower));

  const again = (await queen.run({ ...ASK, max_tokens: 3 })).at(-1);
  assert.ok(again?.type === "done");
  assert.equal(again.usage?.cached_tokens, again.usage!.prompt_tokens - 1);
});

Deno.test("infer() fails with what the engine cannot do, and names the parameter", async () => {
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const end = (await queen.run({ ...ASK, logit_bias: { "100000": 1 } })).at(-1);
  assert.ok(end?.type === "error", JSON.stringify(end));
  assert.equal(end.code, "unsupported");
  assert.match(end.message, /^The engine cannot do "logit_bias": the model has 768 tokens/);
  assert.deepEqual(end.details, { field: "logit_bias" });
});
