import assert from "node:assert/strict";
import { knowsTools, withPlainTools } from "../../src/worker/tool_prompt.ts";

const PLAIN = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}";
const HERMES = "{% for t in tools %}{{ t | tojson }}{% endfor %}" + PLAIN;
const TOOL = {
  type: "function" as const,
  function: { name: "stop", description: "Stops", parameters: { type: "object" } },
};

Deno.test("knowsTools() tells templates that write tools from those that do not", () => {
  assert.equal(knowsTools(HERMES), true);
  for (const template of [PLAIN, undefined, "{% for %}", "{# tools #}" + PLAIN]) {
    assert.equal(knowsTools(template), false);
  }
});

Deno.test("withPlainTools() writes tools before the first user message, and how to call them", () => {
  const messages = [
    { role: "system" as const, content: "Be short." },
    { role: "user" as const, content: "Stop!" },
  ];
  const list = 'Functions:\n{"name":"stop","description":"Stops","parameters":{"type":"object"}}\n';
  const how = 'To call one, answer <tool_call>{"name":"…","arguments":{…}}</tool_call>\n';
  assert.deepEqual(withPlainTools({ messages, tools: [TOOL] }, { forced: false }), {
    messages: [messages[0], { role: "user", content: `${list}${how}\nStop!` }],
  });
  assert.deepEqual(withPlainTools({ messages, tools: [TOOL] }, { forced: true }), {
    messages: [messages[0], { role: "user", content: `${list}\nStop!` }],
  });
});

Deno.test("withPlainTools() writes earlier calls and their results as texts", () => {
  const call = {
    id: "a",
    type: "function" as const,
    function: { name: "stop", arguments: '{"now":true}' },
  };
  const { messages } = withPlainTools({
    messages: [
      { role: "user", content: "Stop!" },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "a", content: "stopped" },
    ],
  }, { forced: false });
  assert.deepEqual(messages, [
    { role: "user", content: "Stop!" },
    {
      role: "assistant",
      content: '<tool_call>{"name":"stop","arguments":{"now":true}}</tool_call>',
    },
    { role: "user", content: "<tool_response>stopped</tool_response>" },
  ]);
});

Deno.test("withPlainTools() leaves a conversation without tools as it is", () => {
  const messages = [{ role: "user" as const, content: "Hi" }];
  assert.deepEqual(withPlainTools({ messages }, { forced: false }), { messages });
});
