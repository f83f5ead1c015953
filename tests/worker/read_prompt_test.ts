import assert from "node:assert/strict";
import type { Token } from "node-llama-cpp";
import { knownTokens } from "../../src/worker/read_prompt.ts";

const tokens = (...numbers: number[]) => numbers as Token[];

Deno.test("knownTokens() counts the tokens that begin alike", () => {
  assert.equal(knownTokens(tokens(), tokens(1, 2)), 0);
  assert.equal(knownTokens(tokens(1, 2, 3), tokens(1, 2, 3, 4)), 3);
  assert.equal(knownTokens(tokens(1, 2, 3, 4), tokens(1, 2)), 2);
  assert.equal(knownTokens(tokens(1, 9, 3), tokens(1, 2, 3)), 1);
  assert.equal(knownTokens(tokens(9, 2), tokens(1, 2)), 0);
});

Deno.test("knownTokens() leaves a conversation alone of which little is shared", () => {
  assert.equal(knownTokens(tokens(1, 2, 3, 4, 5, 6, 7), tokens(1, 2, 9)), 0);
  assert.equal(knownTokens(tokens(1, 2, 3, 4, 5, 6), tokens(1, 2, 9)), 2);
});
