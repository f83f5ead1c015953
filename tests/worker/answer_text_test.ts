import assert from "node:assert/strict";
import type { ToolCall } from "../../src/contracts/tool.ts";
import { AnswerText } from "../../src/worker/answer_text.ts";
import type { Generation } from "../../src/worker/engine.ts";

const TOOLS = ["look", "stop"].map((name) => ({ type: "function" as const, function: { name } }));
const LOOK = '<tool_call>{"name":"look"}</tool_call>';

/** What becomes of an answer in these pieces. */
function answer(pieces: string[], fields: Partial<Generation> = {}) {
  const order: string[] = [];
  let calls: ToolCall[] = [];
  const text = new AnswerText({
    maxTokens: 1,
    temperature: 0,
    stop: [],
    signal: new AbortController().signal,
    onText: (piece) => order.push(piece),
    onToolCalls: (all) => {
      calls = all;
      order.push("(calls)");
    },
    ...fields,
  });
  for (const piece of pieces) text.push(piece);
  const has = text.end();
  return { order, has, names: calls.map((call) => call.function.name) };
}

Deno.test("AnswerText passes text on as it comes, and calls after all of it", () => {
  assert.deepEqual(answer(["I ", LOOK, " then"], { tools: TOOLS }), {
    order: ["I ", " then", "(calls)"],
    has: true,
    names: ["look"],
  });
  assert.deepEqual(answer(["I ", "fly"], { tools: TOOLS }).order, ["I ", "fly"]);
});

Deno.test("AnswerText takes nothing for a call where none may be called", () => {
  assert.deepEqual(answer([LOOK]), { order: [LOOK], has: false, names: [] });
  const none = answer([LOOK], { tools: TOOLS, toolChoice: "none" });
  assert.deepEqual(none, { order: [LOOK], has: false, names: [] });
});

Deno.test("AnswerText gives one call where several must not be", () => {
  const two = ['[{"name":"look"},{"name":"stop"}]'];
  assert.deepEqual(answer(two, { tools: TOOLS }).names, ["look", "stop"]);
  assert.deepEqual(answer(two, { tools: TOOLS, parallelToolCalls: false }).names, ["look"]);
});

Deno.test("AnswerText ends at a stop string, and gives what was held back", () => {
  assert.deepEqual(answer(["one, t", "wo, three"], { stop: ["three"] }).order, [
    "one, ",
    "two, ",
  ]);
  assert.deepEqual(answer(["{", '"name'], { tools: TOOLS }).order, ['{"name']);
});

Deno.test("AnswerText gives no text of a call that was forced and cut", () => {
  const cut = answer(['{"name":"lo'], { tools: TOOLS, toolChoice: "required" });
  assert.deepEqual(cut, { order: [], has: false, names: [] });
});
