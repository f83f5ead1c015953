import assert from "node:assert/strict";
import type { LlamaModel, Token } from "node-llama-cpp";
import { PromptLimit } from "../../src/worker/prompt_limit.ts";

const SPELLINGS = ["a", "bee", "honeycombs honeycombs"];
const LONGEST = 22;

/** What is asked of a model: its vocabulary. It fails if a text is tokenized. */
function model() {
  let asked = 0;
  const vocabulary = {
    *iterateAllTokens() {
      asked++;
      yield* SPELLINGS.keys() as Iterable<Token>;
    },
    detokenize: ([token]: Token[]) => SPELLINGS[token!]!,
    tokenize: () => assert.fail("was tokenized"),
  };
  return { model: vocabulary as unknown as LlamaModel, asked: () => asked };
}

Deno.test("PromptLimit refuses what the longest token could not make fit", () => {
  const limit = new PromptLimit(model().model, 100);
  limit.check("x".repeat(100 * LONGEST), { what: "The prompt" });
  assert.throws(() => limit.check("x".repeat(100 * LONGEST + 1), { what: "The prompt" }), {
    code: "context_length_exceeded",
    message:
      "The prompt has at least 101 tokens and the context 100; shorten it, or start the worker with a larger --context",
    details: { prompt_tokens: 101, context: 100 },
  });
  assert.throws(
    () => limit.check("x".repeat(9999), { what: "Text 2 of the input", field: "input" }),
    {
      message: /^Text 2 of the input has at least 455 tokens/,
      details: { field: "input", prompt_tokens: 455, context: 100 },
    },
  );
});

Deno.test("PromptLimit counts a run of white space once, of which a tokenizer may make nothing", () => {
  const limit = new PromptLimit(model().model, 10);
  limit.check(`a${" \n".repeat(10_000)}b`, { what: "The prompt" });
});

Deno.test("PromptLimit reads the vocabulary once, and not for a text that is short", () => {
  const { model: asked, asked: times } = model();
  const limit = new PromptLimit(asked, 100);
  limit.check("x".repeat(1600), { what: "The prompt" });
  assert.equal(times(), 0);
  for (let i = 0; i < 3; i++) limit.check("x".repeat(2000), { what: "The prompt" });
  assert.equal(times(), 1);
});
