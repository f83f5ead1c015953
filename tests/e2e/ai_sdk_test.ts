import assert from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embed, generateObject, generateText, streamText, tool } from "ai";
import { z } from "zod";
import { endlessFormat, startOpenAiHome } from "../helpers/openai_home.ts";

const PROMPT = "Tell me a story about Luna.";

Deno.test("ai: text is generated and streamed, with its usage and its end", async () => {
  await using started = await startOpenAiHome();
  const provider = createOpenAICompatible({
    name: "rbee",
    baseURL: started.baseURL,
    includeUsage: true,
  });
  const model = provider("bee-tiny");
  const whole = await generateText({ model, prompt: PROMPT, temperature: 0, maxRetries: 0 });
  assert.match(whole.text, /Luna/);
  assert.equal(whole.finishReason, "stop");
  const streamed = streamText({ model, prompt: PROMPT, temperature: 0, maxRetries: 0 });
  let text = "";
  for await (const piece of streamed.textStream) text += piece;
  assert.equal(text, whole.text);
  assert.equal(await streamed.finishReason, "stop");
  const usage = await streamed.usage;
  assert.deepEqual(
    [usage.inputTokens, usage.outputTokens],
    [whole.usage.inputTokens, whole.usage.outputTokens],
  );
  assert.ok(usage.outputTokens! > 20);
});

Deno.test("ai: an object fits its schema, and a tool is called with arguments that fit", async () => {
  await using started = await startOpenAiHome();
  const provider = createOpenAICompatible({
    name: "rbee",
    baseURL: started.baseURL,
    supportsStructuredOutputs: true,
  });
  const model = provider("bee-tiny");
  const { object } = await generateObject({
    model,
    prompt: PROMPT,
    temperature: 0,
    maxRetries: 0,
    schema: z.object({ bee: z.enum(["Luna", "Hazel"]), jars: z.number().int() }),
  });
  assert.match(object.bee, /^(Luna|Hazel)$/);
  assert.ok(Number.isInteger(object.jars));

  const { toolCalls, finishReason } = await generateText({
    model,
    // The demo model's context has room for little more than the schema that this client writes.
    prompt: "Luna",
    temperature: 0,
    maxRetries: 0,
    tools: { jars: tool({ inputSchema: z.object({ on: z.enum(["up", "low"]) }) }) },
    toolChoice: "required",
  });
  assert.equal(finishReason, "tool-calls");
  assert.equal(toolCalls[0]?.toolName, "jars");
});

Deno.test("ai: a text is embedded, and a model that is missing is said to be", async () => {
  await using started = await startOpenAiHome();
  const provider = createOpenAICompatible({ name: "rbee", baseURL: started.baseURL });
  const { embedding } = await embed({
    model: provider.embeddingModel("bee-tiny"),
    value: "a bee",
    maxRetries: 0,
  });
  assert.ok(embedding.length > 1);
  assert.ok(embedding.every(Number.isFinite));
  await assert.rejects(
    generateText({ model: provider("no-such-model"), prompt: PROMPT, maxRetries: 0 }),
    (error) => {
      assert.ok(APICallError.isInstance(error));
      assert.equal(error.statusCode, 404);
      assert.match(error.message, /no-such-model/);
      return true;
    },
  );
});

Deno.test("ai: an abort in the middle of a stream cancels the job", async () => {
  await using started = await startOpenAiHome({ isLong: true });
  let jobId: string | null = null;
  const provider = createOpenAICompatible({
    name: "rbee",
    baseURL: started.baseURL,
    transformRequestBody: (body) => ({ ...body, response_format: endlessFormat() }),
    async fetch(input, init) {
      const answer = await fetch(input, init);
      jobId = answer.headers.get("x-rbee-job-id");
      return answer;
    },
  });
  const abort = new AbortController();
  const { textStream } = streamText({
    model: provider("bee-tiny"),
    prompt: PROMPT,
    temperature: 0,
    maxRetries: 0,
    abortSignal: abort.signal,
  });
  for await (const _piece of textStream) abort.abort();
  assert.equal((await started.endOf(jobId)).type, "cancelled");
});
