import assert from "node:assert/strict";
import { UP_TO_THE_CONTEXT } from "../../src/contracts/openai_parameters.ts";
import { inferSchema } from "../../src/contracts/operation.ts";
import { completionQuestion } from "../../src/hive/engine_request.ts";

const ENGINE = { baseUrl: "http://127.0.0.1:1", model: "fixture-model", name: "fixture" };

function limitOf(request: Record<string, unknown>): unknown {
  const infer = inferSchema.parse({ operation: "infer", model: "asked-model", ...request });
  return completionQuestion(ENGINE, infer).body["max_tokens"];
}

Deno.test("completionQuestion() leaves out a chat's limit that is no limit, and hands every other on", () => {
  const messages = [{ role: "user", content: "Fly" }];
  assert.equal(limitOf({ messages, max_tokens: UP_TO_THE_CONTEXT }), undefined);
  assert.equal(limitOf({ messages, max_tokens: UP_TO_THE_CONTEXT - 1 }), UP_TO_THE_CONTEXT - 1);
  assert.equal(limitOf({ messages }), 512);
  // Without one, engines would stop after 16.
  assert.equal(limitOf({ prompt: "Fly", max_tokens: UP_TO_THE_CONTEXT }), UP_TO_THE_CONTEXT);
});
