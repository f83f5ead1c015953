import assert from "node:assert/strict";
import { inferSchema } from "../../src/contracts/operation.ts";
import { OpenAiErrors } from "../../src/hive/openai_errors.ts";
import { type AnswerChunk, decodeAnswer } from "../../src/hive/openai_stream.ts";
import { MAX_EVENT_CHARACTERS } from "../../src/sse/decode_messages.ts";
import { bodyOf, bytesOf, cutAt } from "../helpers/bytes.ts";
import { chatChunk, DONE, usageChunk } from "../helpers/foreign_server.ts";
import { HOSTILE_STRINGS } from "../helpers/hostile_strings.ts";

const REQUEST = inferSchema.parse({ operation: "infer", model: "m", prompt: "xylophone quartz" });
const STOP = chatChunk("", "stop");

function errors(): OpenAiErrors {
  return new OpenAiErrors({ name: "odd", baseUrl: "http://127.0.0.1:1" }, REQUEST);
}

function decode(...chunks: (string | Uint8Array)[]): Promise<AnswerChunk[]> {
  const bytes = chunks.map((chunk) => typeof chunk === "string" ? bytesOf(chunk) : chunk);
  return Array.fromAsync(decodeAnswer(bodyOf(bytes).body, errors()));
}

/** The pieces of text that are not empty. */
async function texts(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  return (await decode(...chunks)).map(({ text }) => text).filter((text) => text !== "");
}

const failed = (message: RegExp, code = "engine_failed") => (error: unknown) => {
  assert.ok(error instanceof Error && "code" in error);
  assert.match(error.message, message);
  assert.equal(error.code, code);
  return true;
};

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;

Deno.test("decodeAnswer() gives text, thoughts, the reason of the end and the usage", async () => {
  const chunks = await decode(
    event({ choices: [{ index: 0, delta: { role: "assistant", content: null } }] }),
    event({ choices: [{ index: 0, delta: { reasoning_content: "hm" } }] }),
    event({ choices: [{ index: 0, delta: { reasoning: "so" } }] }),
    chatChunk("a"),
    event({ choices: [{ index: 0, text: "b", finish_reason: "length" }] }),
    usageChunk(3, 2),
    DONE,
  );
  const nothing = { text: "", thought: "", finishReason: undefined, usage: undefined };
  assert.deepEqual(chunks, [
    nothing,
    { ...nothing, thought: "hm" },
    { ...nothing, thought: "so" },
    { ...nothing, text: "a" },
    { ...nothing, text: "b", finishReason: "length" },
    { ...nothing, usage: { prompt_tokens: 3, completion_tokens: 2 } },
  ]);
});

Deno.test("decodeAnswer() gives the same at every place where the network may cut", async () => {
  const said = ["b\u00e9\u{1f41d}", ...HOSTILE_STRINGS];
  const stream = bytesOf(said.map((text) => chatChunk(text)).join(": ping\n\n") + STOP + DONE);
  const expected = said.filter((text) => text !== "");
  for (let at = 0; at <= stream.length; at++) {
    assert.deepEqual(await texts(...cutAt(stream, [at])), expected, `cut before byte ${at}`);
  }
  assert.deepEqual(await texts(...cutAt(stream, [...stream.keys()])), expected);
});

for (
  const [what, stream] of [
    ["without a space after data:", (text: string) => text.replaceAll("data: ", "data:")],
    ["with carriage returns", (text: string) => text.replaceAll("\n", "\r\n")],
    ["with carriage returns alone", (text: string) => text.replaceAll("\n", "\r")],
    ["with comments", (text: string) => text.replaceAll("data", ": processing 10%\n\n:\ndata")],
    [
      "with ids and types",
      (text: string) => text.replaceAll("data", "id: 1\nevent: message\ndata"),
    ],
    ["with fields that nobody knows", (text: string) => text.replaceAll("data", "foo: 1\ndata")],
    ["with a byte order mark", (text: string) => "\ufeff" + text],
    ["with JSON over several lines", (text: string) => text.replaceAll(',"', ',\ndata: "')],
  ] as const
) {
  Deno.test(`decodeAnswer() reads a stream ${what}`, async () => {
    const bytes = bytesOf(stream(chatChunk("a") + chatChunk("b") + STOP + DONE));
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(await texts(...cutAt(bytes, [at])), ["a", "b"]);
    }
  });
}

for (
  const [what, chunk] of [
    ["unknown fields", { choices: [{ delta: { content: "a", x: 1 }, logprobs: {} }], timings: {} }],
    ["no index", { choices: [{ delta: { content: "a" } }] }],
    ["a null error", { choices: [{ index: 0, delta: { content: "a" } }], error: null }],
    ["the usage so far", {
      choices: [{ index: 0, text: "a", finish_reason: "" }],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    }],
    ["a usage that is none", { choices: [{ index: 0, text: "a" }], usage: { total: "many" } }],
    ["thoughts of a strange form", {
      choices: [{ index: 0, delta: { content: "a", reasoning: { steps: [] } } }],
    }],
    ["other choices", {
      choices: [{ index: 1, delta: { content: "b" } }, { index: 0, delta: { content: "a" } }],
    }],
  ] as const
) {
  Deno.test(`decodeAnswer() reads a chunk with ${what}`, async () => {
    assert.deepEqual(await texts(event(chunk), STOP, DONE), ["a"]);
  });
}

for (const choices of [[], null, undefined, [{ index: 0 }], [{ index: 0, delta: null }]]) {
  Deno.test(`decodeAnswer() passes over a chunk with ${JSON.stringify(choices)} for choices`, async () => {
    assert.deepEqual(await texts(event({ choices }), chatChunk("a"), DONE), ["a"]);
  });
}

Deno.test("decodeAnswer() ends at [DONE], whatever comes after, and lets go of the body", async () => {
  const { body, cancelled } = bodyOf([
    bytesOf(chatChunk("a") + DONE + chatChunk("b")),
    bytesOf(chatChunk("c")),
    bytesOf(chatChunk("d")),
  ]);
  const chunks = await Array.fromAsync(decodeAnswer(body, errors()));
  assert.deepEqual(chunks.map(({ text }) => text), ["a"]);
  assert.equal(cancelled(), true);
});

Deno.test("decodeAnswer() takes a token that reads like the end for a token", async () => {
  assert.deepEqual(await texts(chatChunk("[DONE]"), chatChunk("data: [DONE]\n\n"), STOP, DONE), [
    "[DONE]",
    "data: [DONE]\n\n",
  ]);
});

Deno.test("decodeAnswer() ends with the body once the reason of the end was told", async () => {
  assert.deepEqual(await texts(chatChunk("a"), STOP), ["a"]);
  assert.deepEqual(await texts(chatChunk("a"), STOP, usageChunk(1, 1)), ["a"]);
});

for (const last of ["data: [DONE]\n", "data: [DONE]", STOP.trimEnd()]) {
  Deno.test(`decodeAnswer() takes ${JSON.stringify(last)} for the end without an empty line after it`, async () => {
    assert.deepEqual(await texts(chatChunk("a"), last), ["a"]);
  });
}

for (
  const [what, chunks] of [
    ["nothing", []],
    ["comments", [": ping\n\n"]],
    ["a piece", [chatChunk("a")]],
    ["half a chunk", [chatChunk("a"), chatChunk("b").slice(0, 30)]],
    ["an empty reason", [event({ choices: [{ index: 0, text: "a", finish_reason: "" }] })]],
    ["another choice's reason", [event({ choices: [{ index: 1, finish_reason: "stop" }] })]],
  ] as const
) {
  Deno.test(`decodeAnswer() fails when the body ends after ${what}`, async () => {
    await assert.rejects(
      decode(...chunks),
      failed(/^The engine "odd" ended its answer in the middle; its output may say why$/),
    );
  });
}

Deno.test("decodeAnswer() gives what came before the body ended in the middle", async () => {
  const seen: string[] = [];
  const reading = (async () => {
    const { body } = bodyOf([bytesOf(chatChunk("a"))]);
    for await (const { text } of decodeAnswer(body, errors())) seen.push(text);
  })();
  await assert.rejects(reading, failed(/in the middle/));
  assert.deepEqual(seen, ["a"]);
});

for (
  const [what, chunk, message] of [
    ["is not JSON", "data: xylophone\n\n", /sent a chunk that is not JSON; check/],
    ["is no object", "data: 7\n\n", /none of OpenAI's \(Invalid input: expected object/],
    [
      "holds text that is none",
      event({ choices: [{ delta: { content: ["xylophone"] } }] }),
      /\(choices\.0\.delta\.content: /,
    ],
    ["holds choices that are none", event({ choices: "xylophone" }), /\(choices: /],
  ] as const
) {
  Deno.test(`decodeAnswer() fails at a chunk that ${what}, without repeating it`, async () => {
    const { body, cancelled } = bodyOf([bytesOf(chunk), bytesOf(chatChunk("a")), bytesOf(DONE)]);
    await assert.rejects(Array.fromAsync(decodeAnswer(body, errors())), (error: Error) => {
      assert.ok(!error.message.includes("xylophone"));
      return failed(message)(error);
    });
    assert.equal(cancelled(), true);
  });
}

for (
  const [what, chunk] of [
    ["in OpenAI's form", event({ error: { message: "CUDA out of memory", code: 500 } })],
    ["as a sentence", event({ error: "CUDA out of memory" })],
    ["in vLLM's earlier form", event({ object: "error", message: "CUDA out of memory" })],
    ["by its type", `event: error\n${event({ message: "CUDA out of memory" })}`],
    ["without an empty line after it", event({ error: "CUDA out of memory" }).trimEnd()],
  ] as const
) {
  Deno.test(`decodeAnswer() fails with what the engine says in a chunk that is an error ${what}`, async () => {
    await assert.rejects(
      decode(chatChunk("a"), chunk),
      failed(/^The engine "odd" failed in the middle of its answer: CUDA out of memory$/),
    );
  });
}

Deno.test("decodeAnswer() fails at an event of more than 16 Mi characters, in one line or many", async () => {
  const part = "x".repeat(MAX_EVENT_CHARACTERS / 16);
  for (const chunk of [part, `data: ${part}\n`]) {
    const chunks = Array.from({ length: 18 }, () => bytesOf(chunk));
    const { body, cancelled } = bodyOf([bytesOf("data: "), ...chunks, ...chunks]);
    await assert.rejects(
      Array.fromAsync(decodeAnswer(body, errors())),
      failed(/^The engine "odd" sent a chunk of more than 16777216 characters; /),
    );
    assert.equal(cancelled(), true);
  }
});

Deno.test("decodeAnswer() reads a chunk that is nearly as long", async () => {
  const long = "x".repeat(MAX_EVENT_CHARACTERS - 1000);
  assert.deepEqual(await texts(chatChunk(long), STOP), [long]);
});

Deno.test("decodeAnswer() fails with worker_gone when the body breaks, after what came before", async () => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(bytesOf(chatChunk("a") + STOP));
      else controller.error(new TypeError("reset"));
    },
  });
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { text } of decodeAnswer(body, errors())) seen.push(text);
  })();
  await assert.rejects(reading, failed(/broke off its answer/, "worker_gone"));
  assert.deepEqual(seen, ["a", ""]);
});

Deno.test("decodeAnswer() cancels the body when its reader stops early", async () => {
  const { body, cancelled } = bodyOf(Array.from({ length: 9 }, () => bytesOf(chatChunk("a"))));
  for await (const _ of decodeAnswer(body, errors())) break;
  assert.equal(cancelled(), true);
});
