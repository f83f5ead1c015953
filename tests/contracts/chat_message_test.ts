import assert from "node:assert/strict";
import { chatMessageSchema } from "../../src/contracts/chat_message.ts";
import { assertAccepts, assertRefuses } from "../helpers/schema_table.ts";

const CALL = { id: "a", type: "function", function: { name: "stop", arguments: "{}" } };

Deno.test("chatMessageSchema takes the messages of each role", () => {
  assertAccepts(chatMessageSchema, [
    { role: "system", content: "x" },
    { role: "developer", content: "x" },
    { role: "user", content: "", name: "ada" },
    { role: "assistant", content: "x" },
    { role: "assistant", content: null, tool_calls: [CALL] },
    { role: "assistant", content: "x", tool_calls: [CALL, { ...CALL, id: "b" }] },
    { role: "tool", content: "x", tool_call_id: "a" },
  ]);
});

Deno.test("chatMessageSchema joins parts of text, and takes no content for null beside calls", () => {
  const content = [{ type: "text", text: "a" }, { type: "text", text: "b" }];
  assert.deepEqual(chatMessageSchema.parse({ role: "user", content }), {
    role: "user",
    content: "ab",
  });
  assert.deepEqual(chatMessageSchema.parse({ role: "assistant", tool_calls: [CALL] }), {
    role: "assistant",
    content: null,
    tool_calls: [CALL],
  });
});

Deno.test("chatMessageSchema gives what it takes as it is, so that it can be handed on", () => {
  const once = chatMessageSchema.parse({
    role: "assistant",
    content: [{ type: "text", text: "a" }],
    tool_calls: [CALL],
  });
  assert.deepEqual(chatMessageSchema.parse(once), once);
});

Deno.test("chatMessageSchema takes an assistant's reasoning and leaves it out", () => {
  const message = { role: "assistant", content: "x" };
  for (const reasoning_content of ["It must be x", "", null]) {
    assert.deepEqual(chatMessageSchema.parse({ ...message, reasoning_content }), message);
  }
  assertRefuses(chatMessageSchema, [
    { role: "assistant", content: null, reasoning_content: "alone it says nothing" },
    { role: "user", content: "x", reasoning_content: "x" },
    { ...message, reasoning_content: 5 },
  ]);
});

Deno.test("chatMessageSchema refuses other roles, other parts, and messages that say nothing", () => {
  assertRefuses(chatMessageSchema, [
    { role: "function", content: "x" },
    { role: "user" },
    { role: "user", content: null },
    { role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] },
    { role: "user", content: "x", tool_calls: [CALL] },
    { role: "assistant" },
    { role: "assistant", content: null },
    { role: "assistant", content: null, tool_calls: [] },
    { role: "assistant", tool_calls: [{ ...CALL, function: { name: "a b", arguments: "" } }] },
    { role: "tool", content: "x" },
  ]);
});
