import assert from "node:assert/strict";
import {
  openAiChatAnswerSchema,
  openAiCompletionAnswerSchema,
  openAiCompletionChunkSchema,
  openAiErrorSchema,
} from "../../../src/contracts/openai_answer.ts";
import { openAiEmbeddingsSchema } from "../../../src/contracts/openai_embeddings.ts";
import { openAiModelListSchema, openAiModelSchema } from "../../../src/contracts/openai_models.ts";
import { RbeeError } from "../../../src/base/rbee_error.ts";
import { unlessAborted } from "../../../src/base/delay.ts";
import { emitData, emitToken } from "../../../src/jobs/emit.ts";
import { collectGarbage } from "../../helpers/collect_garbage.ts";
import { FrameReader, jsonOf } from "../../helpers/event_frames.ts";
import { Gates } from "../../helpers/gates.ts";
import { OpenAiRole } from "../../helpers/openai_role.ts";
import { OPENAI_ROUTES } from "../../../src/queen/openai/described_routes.ts";
import { rawConnect, writeAll } from "../../helpers/raw_http.ts";

const HELLO = { model: "bee-tiny", messages: [{ role: "user", content: "Hello" }] };
const USAGE = { prompt_tokens: 5, completion_tokens: 2 };
const CHAT = "/v1/chat/completions";

function buzzing(): OpenAiRole {
  return new OpenAiRole({
    infer() {
      emitToken("bu", 0);
      emitToken("zz", 1);
      return Promise.resolve({ result: null, usage: USAGE, finish_reason: "stop" });
    },
    embed: (text) => [text.length, 0.5],
  });
}

async function errorOf(answer: Response) {
  return openAiErrorSchema.parse(await answer.json()).error;
}

Deno.test("a chat completion that is not streamed is one JSON, of a job that its headers name", async () => {
  await using role = buzzing();
  const answer = await role.post(CHAT, HELLO);
  assert.equal(answer.status, 200);
  const job = role.jobOf(answer);
  assert.deepEqual([job.operation, job.state], ["infer", "done"]);
  assert.equal(answer.headers.get("x-request-id"), job.id);
  assert.equal(answer.headers.get("x-correlation-id"), job.correlationId);
  assert.deepEqual(openAiChatAnswerSchema.parse(await answer.json()), {
    id: job.id.replace("job-", "chatcmpl-"),
    object: "chat.completion",
    created: Math.floor(Date.parse(job.createdAt) / 1000),
    model: "bee-tiny",
    choices: [{
      index: 0,
      message: { role: "assistant", content: "buzz", refusal: null },
      logprobs: null,
      finish_reason: "stop",
    }],
    usage: {
      prompt_tokens: 5,
      completion_tokens: 2,
      total_tokens: 7,
      prompt_tokens_details: { cached_tokens: 0 },
    },
  });
});

Deno.test("a chat completion with calls alone has no content", async () => {
  const calls = [{ id: "one", type: "function", function: { name: "honey", arguments: "{}" } }];
  await using role = new OpenAiRole({
    infer() {
      emitData("tool_calls", calls);
      return Promise.resolve({ result: null, usage: USAGE, finish_reason: "tool_calls" });
    },
  });
  const tools = [{ type: "function", function: { name: "honey" } }];
  const answer = await role.post(CHAT, { ...HELLO, tools });
  const { choices: [choice] } = openAiChatAnswerSchema.parse(await answer.json());
  assert.equal(choice.message.content, null);
  assert.deepEqual(choice.message.tool_calls, calls);
  assert.equal(choice.finish_reason, "tool_calls");
});

Deno.test("a completion is text, streamed or not", async () => {
  await using role = buzzing();
  const whole = await role.post("/v1/completions", { model: "bee-tiny", prompt: ["Once"] });
  const answer = openAiCompletionAnswerSchema.parse(await whole.json());
  assert.match(answer.id, /^cmpl-/);
  assert.deepEqual(answer.choices, [
    { index: 0, text: "buzz", logprobs: null, finish_reason: "stop" },
  ]);
  assert.equal(role.asked[0]!.prompt, "Once");
  const streamed = await role.post("/v1/completions", {
    model: "bee-tiny",
    prompt: "Once",
    stream: true,
    stream_options: { include_usage: true },
  });
  const frames = await new FrameReader(streamed).rest();
  assert.equal(frames.pop()?.data, "[DONE]");
  const chunks = frames.map((frame) => openAiCompletionChunkSchema.parse(jsonOf(frame)));
  assert.equal(chunks.map(({ choices }) => choices[0]?.text ?? "").join(""), "buzz");
  assert.equal(chunks.at(-1)!.usage?.total_tokens, 7);
});

Deno.test("what is told of a job in the headers of an answer is what the document describes", async () => {
  await using role = buzzing();
  const prompt = "Once";
  const input = "bee";
  for (
    const [path, body] of [
      [CHAT, HELLO],
      [CHAT, { ...HELLO, stream: true }],
      ["/v1/completions", { model: "bee-tiny", prompt }],
      ["/v1/embeddings", { model: "bee-tiny", input }],
    ] as const
  ) {
    const answer = await role.post(path, body);
    await answer.text();
    const route = OPENAI_ROUTES.find((each) => each.path === path && each.method === "post");
    const described = route!.answers[200]!.headers!.map(({ name }) => name.toLowerCase());
    const sent = [...answer.headers.keys()].filter((name) => name.startsWith("x-"));
    assert.deepEqual(described.sort(), sent.filter((name) => name !== "x-accel-buffering").sort());
  }
});

Deno.test("embeddings are numbers, or the bytes of floats in base64", async () => {
  await using role = buzzing();
  const body = { model: "bee-tiny", input: ["bee", "honey"] };
  const plain = await role.post("/v1/embeddings", body);
  assert.equal(role.jobOf(plain).operation, "embed");
  const answer = openAiEmbeddingsSchema.parse(await plain.json());
  assert.deepEqual(answer.data, [
    { object: "embedding", index: 0, embedding: [3, 0.5] },
    { object: "embedding", index: 1, embedding: [5, 0.5] },
  ]);
  assert.deepEqual(answer.usage, { prompt_tokens: 3, total_tokens: 3 });
  const packed = await role.post("/v1/embeddings", {
    ...body,
    input: "bee",
    encoding_format: "base64",
  });
  const { data: [first] } = openAiEmbeddingsSchema.parse(await packed.json());
  const bytes = Uint8Array.from(atob(String(first!.embedding)), (byte) => byte.charCodeAt(0));
  assert.deepEqual([...new Float32Array(bytes.buffer)], [3, 0.5]);
});

Deno.test("models are listed and found by name, with slashes escaped or not", async () => {
  await using role = buzzing();
  const list = openAiModelListSchema.parse(await (await fetch(`${role.url}/v1/models`)).json());
  assert.deepEqual(list.data.map(({ id }) => id), ["hf:bees/honey", "bee-tiny"]);
  for (const path of ["hf:bees/honey", "hf%3Abees%2Fhoney"]) {
    const answer = await fetch(`${role.url}/v1/models/${path}`);
    assert.equal(openAiModelSchema.parse(await answer.json()).id, "hf:bees/honey");
  }
  const missing = await fetch(`${role.url}/v1/models/hf:bees/wax`);
  assert.equal(missing.status, 404);
  const error = await errorOf(missing);
  assert.deepEqual([error.code, error.param], ["model_not_found", "model"]);
});

for (
  const [code, status, type, param] of [
    ["model_not_found", 404, "invalid_request_error", "model"],
    ["context_length_exceeded", 400, "invalid_request_error", null],
    ["too_many_requests", 429, "rate_limit_error", null],
    ["hive_unreachable", 503, "server_error", null],
    ["what_nobody_knows", 500, "server_error", null],
  ] as const
) {
  Deno.test(`a job that fails with ${code} is answered with ${status}, streamed or not`, async () => {
    await using role = new OpenAiRole({
      infer: () => Promise.reject(new RbeeError(code, "It did not work")),
    });
    for (const stream of [true, false]) {
      const answer = await role.post(CHAT, { ...HELLO, stream });
      assert.equal(answer.status, status);
      assert.equal(role.jobOf(answer).state, "error", "the job is named here too");
      assert.equal(
        answer.headers.get("retry-after"),
        status === 503 || status === 429 ? "5" : null,
      );
      assert.deepEqual(await errorOf(answer), { message: "It did not work", type, param, code });
    }
  });
}

Deno.test("what is refused before there is a job has the same form: 401, 413, 415, 400, 503", async () => {
  let full = false;
  await using role = new OpenAiRole({
    token: "secret-of-the-bees",
    infer: () => Promise.resolve({ result: null }),
    admit() {
      if (!full) return;
      const details = { retry_after_s: 7 };
      throw new RbeeError("queue_full", "All slots are busy", { details });
    },
  });
  const refusal = async (body: unknown, headers: Record<string, string> = {}) => {
    const answer = await role.post(CHAT, body, { headers });
    const { code, param } = await errorOf(answer);
    assert.equal(answer.headers.get("x-rbee-job-id"), null);
    return [answer.status, code, param];
  };
  assert.deepEqual(await refusal(HELLO, { Authorization: "Bearer wrong" }), [
    401,
    "unauthorized",
    null,
  ]);
  const large = JSON.stringify({ ...HELLO, user: "b".repeat(9 * 1024 * 1024) });
  assert.deepEqual(await refusal(large), [413, "body_too_large", null]);
  assert.deepEqual(await refusal(HELLO, { "Content-Type": "text/plain" }), [
    415,
    "unsupported_media_type",
    null,
  ]);
  assert.deepEqual(await refusal("{"), [400, "invalid_json", null]);
  assert.deepEqual(await refusal({ ...HELLO, n: 2 }), [400, "unsupported_parameter", "n"]);
  full = true;
  const answer = await role.post(CHAT, HELLO);
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), "7");
  assert.equal((await errorOf(answer)).code, "queue_full");
  assert.deepEqual(role.server.registry.list(), [], "none of them became a job");
});

Deno.test("a page of another site is refused", async () => {
  await using role = buzzing();
  const answer = await role.post(CHAT, HELLO, { headers: { Origin: "https://evil.example" } });
  assert.equal(answer.status, 403);
  assert.equal((await errorOf(answer)).code, "forbidden_origin");
});

Deno.test("a role that is stopping takes no request", async () => {
  await using role = buzzing();
  role.server.health.status = "stopping";
  const answer = await role.post(CHAT, HELLO);
  assert.equal(answer.status, 503);
  assert.equal((await errorOf(answer)).code, "shutting_down");
});

Deno.test("a client that sends its body in chunks and goes cancels its job too", async () => {
  const gates = new Gates();
  await using role = new OpenAiRole({
    async infer(_request, job) {
      await unlessAborted(gates.pass("asked"), job.signal);
      return { result: null };
    },
  });
  const body = JSON.stringify(HELLO);
  const conn = await rawConnect(role.url);
  const head = `POST ${CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
  await writeAll(
    conn,
    `${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  );
  await gates.reached("asked");
  const [job] = role.server.registry.active();
  // The request was made anew around the body that was counted; nothing but it holds the signal.
  collectGarbage();
  conn.close();
  await job!.ended;
  assert.equal(job!.state, "cancelled");
});
