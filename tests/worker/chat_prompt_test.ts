import assert from "node:assert/strict";
import { renderChat } from "../../src/worker/chat_prompt.ts";
import { HOSTILE_STRINGS } from "../helpers/hostile_strings.ts";

const TOKENS = { bos: "<s>", eos: "</s>" };
const PLAIN = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}" +
  "{% if add_generation_prompt %}[assistant]{% endif %}";

Deno.test("renderChat() writes the messages in order and asks for the answer", () => {
  const prompt = renderChat(PLAIN, {
    messages: [
      { role: "system", content: "Be short." },
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Hi" },
      { role: "user", content: "Bye" },
    ],
  }, TOKENS);
  assert.equal(prompt, "[system]Be short.[user]Hello[assistant]Hi[user]Bye[assistant]");
});

Deno.test("renderChat() gives the template its special tokens", () => {
  const template = "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}";
  assert.equal(
    renderChat(template, { messages: [{ role: "user", content: "x" }] }, TOKENS),
    "<s>x</s>",
  );
});

Deno.test("renderChat() takes no message for a template", () => {
  for (const content of [...HOSTILE_STRINGS, "{{ bos_token }}", "{% if %}"]) {
    const prompt = renderChat(PLAIN, { messages: [{ role: "user", content }] }, TOKENS);
    assert.equal(prompt, `[user]${content}[assistant]`);
  }
});

Deno.test("renderChat() without a template says what to send instead", () => {
  assert.throws(
    () => renderChat(undefined, { messages: [{ role: "user", content: "x" }] }, TOKENS),
    {
      name: "RbeeError",
      code: "no_chat_template",
      message: "The model's file has no chat template; send prompt instead of messages",
    },
  );
});

Deno.test("renderChat() tells why a template refuses a conversation", () => {
  const template =
    "{% if messages[0].role != 'user' %}{{ raise_exception('must begin with user') }}{% endif %}";
  assert.throws(
    () => renderChat(template, { messages: [{ role: "assistant", content: "x" }] }, TOKENS),
    {
      name: "RbeeError",
      code: "invalid_request",
      message: /^The model's chat template refuses this: .*must begin with user/,
    },
  );
});

Deno.test("renderChat() tells that a template is broken", () => {
  assert.throws(
    () => renderChat("{% for %}", { messages: [{ role: "user", content: "x" }] }, TOKENS),
    {
      name: "RbeeError",
      code: "invalid_request",
    },
  );
});

Deno.test("renderChat() gives tools, earlier calls with their arguments as JSON, and results", () => {
  const template = "{% for t in tools %}{{ t.function.name }};{% endfor %}" +
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}" +
    "{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}";
  const call = (text: string) => ({
    id: "a",
    type: "function" as const,
    function: { name: "stop", arguments: text },
  });
  const prompt = renderChat(template, {
    messages: [
      { role: "developer", content: "D" },
      { role: "assistant", content: "", tool_calls: [call('{"now": true}'), call("no JSON")] },
      { role: "tool", content: "done", tool_call_id: "a" },
    ],
    tools: [{ type: "function", function: { name: "stop" } }],
  }, TOKENS);
  assert.equal(prompt, 'stop;[system]D[assistant]{"now": true}"no JSON"[tool]done');
});
