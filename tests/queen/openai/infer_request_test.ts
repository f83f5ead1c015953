import assert from "node:assert/strict";
import { RbeeError } from "../../../src/base/rbee_error.ts";
import { inferSchema } from "../../../src/contracts/operation.ts";
import { readEmbeddingsRequest } from "../../../src/queen/openai/embeddings.ts";
import { readChatRequest, readCompletionRequest } from "../../../src/queen/openai/infer_request.ts";

const CHAT = { model: "bee-tiny", messages: [{ role: "user", content: "Hello" }] };
const COMPLETION = { model: "bee-tiny", prompt: "Once" };
const EMBEDDINGS = { model: "bee-tiny", input: "bee" };
const TOOL = { type: "function", function: { name: "honey", parameters: { type: "object" } } };

/** The code and parameter that a request is refused with. */
function refusal(read: () => unknown): [string, unknown] {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof RbeeError);
    const param = error.details?.["field"];
    assert.ok(error.message.includes(`"${param}"`), error.message);
    return [error.code, param];
  }
  assert.fail("it was not refused");
}

Deno.test("readChatRequest() makes an infer of every parameter that is supported", () => {
  const body = {
    ...CHAT,
    max_completion_tokens: 20,
    temperature: 0.2,
    top_p: 0.9,
    top_k: 40,
    min_p: 0.05,
    frequency_penalty: 0.5,
    presence_penalty: -0.5,
    logit_bias: { "7": -100 },
    seed: 42,
    stop: ["END"],
    response_format: { type: "json_object" },
    tools: [TOOL],
    tool_choice: "auto",
    parallel_tool_calls: false,
  };
  const { infer, stream, includeUsage } = readChatRequest(body);
  const { max_completion_tokens, ...rest } = body;
  assert.deepEqual(infer, { operation: "infer", ...rest, max_tokens: max_completion_tokens });
  assert.deepEqual([stream, includeUsage], [false, false]);
  inferSchema.parse(infer);
});

Deno.test("max_completion_tokens beats max_tokens; without either chat may fill the context, a completion has 16", () => {
  const limits = { max_tokens: 5, max_completion_tokens: 6 };
  assert.equal(readChatRequest({ ...CHAT, ...limits }).infer.max_tokens, 6);
  assert.equal(readChatRequest({ ...CHAT, max_tokens: 5 }).infer.max_tokens, 5);
  assert.equal(readChatRequest(CHAT).infer.max_tokens, 1_000_000);
  assert.equal(readChatRequest({ ...CHAT, max_tokens: 2 ** 40 }).infer.max_tokens, 1_000_000);
  assert.equal(readCompletionRequest(COMPLETION).infer.max_tokens, 16);
});

Deno.test("what infer does not take as OpenAI has it is brought into its range", () => {
  const seedOf = (seed: number) => readChatRequest({ ...CHAT, seed }).infer.seed;
  for (const seed of [-1, -(2 ** 40), 2 ** 40, 4_294_967_295]) {
    const folded = seedOf(seed);
    assert.equal(inferSchema.parse({ ...CHAT, operation: "infer", seed: folded }).seed, folded);
    assert.equal(folded, seedOf(seed));
  }
  assert.equal(seedOf(42), 42);
  const { top_p } = readChatRequest({ ...CHAT, top_p: 0 }).infer;
  assert.ok(top_p !== undefined && top_p > 0 && top_p < 1e-6);
});

Deno.test("null counts as left out, and an answer can be sent back as it came", () => {
  const answered = {
    role: "assistant",
    content: null,
    refusal: null,
    annotations: [],
    audio: null,
    tool_calls: [{ id: "one", type: "function", function: { name: "honey", arguments: "{}" } }],
  };
  const result = { role: "tool", tool_call_id: "one", content: [{ type: "text", text: "2" }] };
  const messages = [...CHAT.messages, answered, result];
  const body = { ...CHAT, messages, stop: null, seed: null, n: null, tools: null, logprobs: null };
  const { infer } = readChatRequest(body);
  const { tool_calls } = answered;
  assert.deepEqual(infer.messages, [
    ...CHAT.messages,
    { role: "assistant", content: null, tool_calls },
    { role: "tool", tool_call_id: "one", content: "2" },
  ]);
  assert.ok(!("seed" in infer) && !("tools" in infer));
});

Deno.test("what changes nothing is taken", () => {
  const body = {
    ...CHAT,
    user: "luna",
    n: 1,
    store: false,
    metadata: { team: "bees" },
    service_tier: "auto",
    safety_identifier: "x",
    prompt_cache_key: "k",
    prompt_cache_retention: "24h",
    modalities: ["text"],
    logprobs: false,
    top_logprobs: 0,
    verbosity: "medium",
    parallel_tool_calls: true,
  };
  assert.deepEqual(readChatRequest(body), readChatRequest(CHAT));
  const more = { user: "luna", n: 1, best_of: 1, echo: false, suffix: "", logprobs: null };
  assert.deepEqual(
    readCompletionRequest({ ...COMPLETION, ...more }),
    readCompletionRequest(COMPLETION),
  );
  assert.equal(readEmbeddingsRequest({ ...EMBEDDINGS, user: "luna" }).input, "bee");
});

for (
  const [param, value] of Object.entries({
    audio: { voice: "alloy", format: "wav" },
    function_call: "auto",
    functions: [{ name: "honey" }],
    logprobs: true,
    top_logprobs: 3,
    modalities: ["text", "audio"],
    moderation: {},
    n: 2,
    prediction: { type: "content", content: "x" },
    prompt_cache_options: {},
    reasoning_effort: "high",
    service_tier: "flex",
    store: true,
    verbosity: "low",
    web_search_options: {},
    mirostat: 2,
  })
) {
  Deno.test(`readChatRequest() refuses ${param} by its name`, () => {
    assert.deepEqual(refusal(() => readChatRequest({ ...CHAT, [param]: value })), [
      "unsupported_parameter",
      param,
    ]);
  });
}

for (
  const [param, value] of Object.entries({
    best_of: 2,
    echo: true,
    logprobs: 1,
    n: 3,
    suffix: "the end",
    response_format: { type: "json_object" },
    messages: [],
  })
) {
  Deno.test(`readCompletionRequest() refuses ${param} by its name`, () => {
    assert.deepEqual(refusal(() => readCompletionRequest({ ...COMPLETION, [param]: value })), [
      "unsupported_parameter",
      param,
    ]);
  });
}

Deno.test("a request is refused with the place of what is wrong in it", () => {
  const chat = (more: Record<string, unknown>) =>
    refusal(() => readChatRequest({ ...CHAT, ...more }));
  const user = (content: unknown) => chat({ messages: [{ role: "user", content }] });
  const image = { type: "image_url", image_url: { url: "data:," } };
  assert.deepEqual(user([{ type: "text", text: "What is it?" }, image]), [
    "unsupported_parameter",
    "messages[0].content[1].type",
  ]);
  assert.deepEqual(user(7), ["invalid_request", "messages[0].content"]);
  assert.deepEqual(chat({ messages: [{ role: "user" }] }), [
    "invalid_request",
    "messages[0].content",
  ]);
  assert.deepEqual(chat({ messages: [{ role: "bee", content: "x" }] }), [
    "invalid_request",
    "messages[0].role",
  ]);
  assert.deepEqual(chat({ messages: [{ role: "user", content: "x", wings: 4 }] }), [
    "unsupported_parameter",
    "messages[0].wings",
  ]);
  assert.deepEqual(chat({ tools: [{ type: "custom", custom: { name: "x" } }] }), [
    "unsupported_parameter",
    "tools[0].type",
  ]);
  assert.deepEqual(chat({ response_format: { type: "xml" } }), [
    "unsupported_parameter",
    "response_format.type",
  ]);
  assert.deepEqual(chat({ stream: true, stream_options: { include_obfuscation: true } }), [
    "unsupported_parameter",
    "stream_options.include_obfuscation",
  ]);
  assert.deepEqual(chat({ stream_options: { include_usage: true } }), [
    "invalid_request",
    "stream_options",
  ]);
  assert.deepEqual(chat({ temperature: 3 }), ["invalid_request", "temperature"]);
  assert.deepEqual(chat({ messages: undefined }), ["invalid_request", "messages"]);
  assert.deepEqual(chat({ temperature: 3, n: 2 }), ["unsupported_parameter", "n"]);
  for (const prompt of [["one", "two"], [1, 2], [[1, 2]], []]) {
    const [code, param] = refusal(() => readCompletionRequest({ ...COMPLETION, prompt }));
    assert.equal(code, "invalid_request");
    assert.match(String(param), /^prompt/);
  }
  const embeddings = (more: Record<string, unknown>) =>
    refusal(() => readEmbeddingsRequest({ ...EMBEDDINGS, ...more }));
  assert.deepEqual(embeddings({ dimensions: 8 }), ["unsupported_parameter", "dimensions"]);
  assert.deepEqual(embeddings({ encoding_format: "hex" }), ["invalid_request", "encoding_format"]);
  assert.match(String(embeddings({ input: [1, 2] })[1]), /^input/);
  assert.match(String(embeddings({ input: [] })[1]), /^input/);
});

for (
  const [more, sentence] of [
    [{ stop: 5 }, 'Parameter "stop" must be a text or a list'],
    [{ stop: Array(17).fill("x") }, 'Parameter "stop" must have at most 16 entries'],
    [
      { tool_choice: "foo" },
      'Parameter "tool_choice" must be "none", "auto", "required" or an object',
    ],
    [{ n: "1" }, 'Parameter "n" must be 1, or be left out; "1" is not supported'],
    [{ n: 2 }, 'Parameter "n" must be 1, or be left out; 2 is not supported'],
    [
      { service_tier: "flex" },
      'Parameter "service_tier" must be "auto" or "default", or be left out; "flex" is not supported',
    ],
    [
      { modalities: ["text", "audio"] },
      'Parameter "modalities" must be ["text"], or be left out; what it holds is not supported',
    ],
    [{ user: 5 }, 'Parameter "user" must be a text'],
    [{ metadata: { team: 5 } }, 'Parameter "metadata.team" must be a text'],
    [
      { logit_bias: { "-1": 1 } },
      'Parameter "logit_bias" has the key "-1", which must be the number of a token',
    ],
    [{ temperature: 3 }, 'Parameter "temperature" must be at most 2'],
    [{ max_tokens: 1.5 }, 'Parameter "max_tokens" must be a whole number'],
    [
      { response_format: { type: "xml" } },
      'Parameter "response_format.type" must be "text", "json_object" or "json_schema"; "xml" is not supported',
    ],
    [
      { messages: [{ role: "user", content: 7 }] },
      'Parameter "messages[0].content" must be a text or a list',
    ],
    [{ wings: 4 }, 'Parameter "wings" is not supported; leave it out'],
    [
      { store: "yes".repeat(20) },
      'Parameter "store" must be false, or be left out; what it holds is not supported',
    ],
  ] as [Record<string, unknown>, string][]
) {
  Deno.test(`a chat is refused in words that say what was expected: ${sentence}`, () => {
    assert.throws(() => readChatRequest({ ...CHAT, ...more }), { message: sentence });
  });
}

Deno.test("a prompt or an input that is refused says what was expected", () => {
  for (const prompt of [["one", "two"], [1, 2]]) {
    assert.throws(() => readCompletionRequest({ ...COMPLETION, prompt }), {
      message:
        'Parameter "prompt" must be a text, or a list that holds one; send a request for each text, and tokens as their text',
    });
  }
  const embeddings = (input: unknown) => () => readEmbeddingsRequest({ ...EMBEDDINGS, input });
  assert.throws(embeddings(Array(2049).fill("bee")), {
    message: 'Parameter "input" must have at most 2048 entries',
  });
  assert.throws(embeddings([1, 2]), { message: 'Parameter "input[0]" must be a text' });
  assert.throws(embeddings(5), { message: 'Parameter "input" must be a text or a list' });
});

Deno.test("the reasoning that an answer came with is taken back and left out", () => {
  const answered = { role: "assistant", content: "Luna.", reasoning_content: "The bee is Luna." };
  const { infer } = readChatRequest({ ...CHAT, messages: [...CHAT.messages, answered] });
  assert.deepEqual(infer.messages?.at(-1), { role: "assistant", content: "Luna." });
});
