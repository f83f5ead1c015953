import assert from "node:assert/strict";
import { Conversation } from "../../../src/keeper/chat/conversation.ts";

Deno.test("a Conversation asks with all that was kept, in order", () => {
  const conversation = new Conversation();
  conversation.keep("one", "first");
  conversation.keep("two", "second");
  assert.deepEqual(conversation.asking("three"), [
    { role: "user", content: "one" },
    { role: "assistant", content: "first" },
    { role: "user", content: "two" },
    { role: "assistant", content: "second" },
    { role: "user", content: "three" },
  ]);
});

Deno.test("a Conversation does not keep a question that was not answered", () => {
  const conversation = new Conversation();
  conversation.keep("one", "");
  assert.deepEqual(conversation.asking("two"), [{ role: "user", content: "two" }]);
});

Deno.test("a Conversation that is cleared asks the prompt alone", () => {
  const conversation = new Conversation();
  conversation.keep("one", "first");
  conversation.clear();
  assert.deepEqual(conversation.asking("two"), [{ role: "user", content: "two" }]);
});
