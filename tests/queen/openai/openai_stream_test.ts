import OpenAI from "openai";
import assert from "node:assert/strict";
import { openAiChatChunkSchema } from "../../../src/contracts/openai_answer.ts";
import { RbeeError } from "../../../src/base/rbee_error.ts";
import { unlessAborted } from "../../../src/base/delay.ts";
import { emitData, emitToken } from "../../../src/jobs/emit.ts";
import { narrate } from "../../../src/narration/narrate.ts";
import { type Frame, FrameReader, jsonOf } from "../../helpers/event_frames.ts";
import { Gates } from "../../helpers/gates.ts";
import { OpenAiRole } from "../../helpers/openai_role.ts";

const HELLO = {
  model: "bee-tiny",
  messages: [{ role: "user", content: "Hello" }],
  stream: true,
};
const USAGE = { prompt_tokens: 5, completion_tokens: 2, cached_tokens: 4 };
const CHAT = "/v1/chat/completions";

function chunksOf(frames: readonly Frame[]) {
  return frames.filter(({ data, event }) => data !== "[DONE]" && event === undefined)
    .map((frame) => openAiChatChunkSchema.parse(jsonOf(frame)));
}

Deno.test("a streamed chat completion is chunks of one id, the role first, then [DONE]", async () => {
  await using role = new OpenAiRole({
    infer() {
      emitToken("bu", 0);
      emitToken("zz", 1);
      return Promise.resolve({ result: null, usage: USAGE, finish_reason: "stop" });
    },
  });
  const answer = await role.post(CHAT, HELLO);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const frames = await new FrameReader(answer).rest();
  assert.equal(frames.at(-1)?.data, "[DONE]");
  const chunks = chunksOf(frames);
  assert.deepEqual(chunks[0]!.choices[0]!.delta, { role: "assistant", content: "" });
  assert.equal(chunks.map(({ choices }) => choices[0]!.delta.content ?? "").join(""), "buzz");
  assert.deepEqual(chunks.map(({ choices }) => choices[0]!.finish_reason).at(-1), "stop");
  const job = role.jobOf(answer);
  for (const { id, model, created, usage } of chunks) {
    assert.deepEqual([id, model], [job.id.replace("job-", "chatcmpl-"), "bee-tiny"]);
    assert.equal(created, Math.floor(Date.parse(job.createdAt) / 1000));
    assert.equal(usage, undefined, "nobody asked for it");
  }
});

Deno.test("stream_options.include_usage adds a chunk without choices, and null in the others", async () => {
  await using role = new OpenAiRole({
    infer() {
      emitToken("buzz", 0);
      return Promise.resolve({ result: null, usage: USAGE, finish_reason: "length" });
    },
  });
  const answer = await role.post(CHAT, { ...HELLO, stream_options: { include_usage: true } });
  const chunks = chunksOf(await new FrameReader(answer).rest());
  const last = chunks.pop()!;
  assert.deepEqual(last.choices, []);
  assert.deepEqual(last.usage, {
    prompt_tokens: 5,
    completion_tokens: 2,
    total_tokens: 7,
    prompt_tokens_details: { cached_tokens: 4 },
  });
  assert.ok(chunks.every(({ usage }) => usage === null));
  assert.equal(chunks.at(-1)!.choices[0]!.finish_reason, "length");
});

Deno.test("a streamed answer's calls of tools are numbered through", async () => {
  const call = (id: string) => ({
    id,
    type: "function" as const,
    function: { name: "honey", arguments: '{"jars":2}' },
  });
  await using role = new OpenAiRole({
    infer() {
      emitData("tool_calls", [call("one"), call("two")]);
      emitData("tool_calls", [call("three")]);
      return Promise.resolve({ result: null, usage: USAGE, finish_reason: "tool_calls" });
    },
  });
  const tools = [{ type: "function", function: { name: "honey" } }];
  const answer = await role.post(CHAT, { ...HELLO, tools });
  const chunks = chunksOf(await new FrameReader(answer).rest());
  const calls = chunks.flatMap(({ choices }) => choices[0]!.delta.tool_calls ?? []);
  assert.deepEqual(calls, [
    { index: 0, ...call("one") },
    { index: 1, ...call("two") },
    { index: 2, ...call("three") },
  ]);
  assert.equal(chunks.at(-1)!.choices[0]!.finish_reason, "tool_calls");
});

Deno.test("each piece is sent when it is there, not with the next one", async () => {
  const gates = new Gates();
  await using role = new OpenAiRole({
    async infer(_request, job) {
      emitToken("one", 0);
      await unlessAborted(gates.pass("two"), job.signal);
      emitToken("two", 1);
      return { result: null, usage: USAGE, finish_reason: "stop" };
    },
  });
  const reader = new FrameReader(await role.post(CHAT, HELLO));
  await reader.frame();
  const [first] = chunksOf([await reader.frame()]);
  assert.equal(first!.choices[0]!.delta.content, "one");
  gates.open("two");
  const [second] = chunksOf([await reader.frame()]);
  assert.equal(second!.choices[0]!.delta.content, "two");
  await reader.rest();
});

Deno.test("a stream begins with a comment where the answer takes longer, and goes on with comments whatever is narrated", async () => {
  const gates = new Gates();
  await using role = new OpenAiRole({
    timing: { beginWithinMs: 50, commentEveryMs: 50 },
    async infer(_request, job) {
      const loading = setInterval(() => narrate("model_load", "Loading"), 5);
      await unlessAborted(gates.pass("loaded"), job.signal).finally(() => clearInterval(loading));
      emitToken("buzz", 0);
      return { result: null, usage: USAGE, finish_reason: "stop" };
    },
  });
  const answer = await role.post(CHAT, HELLO);
  assert.equal(answer.status, 200);
  const reader = new FrameReader(answer);
  assert.equal(await reader.block(), ": waiting for the model");
  assert.equal(await reader.block(), ": keepalive");
  assert.equal(await reader.block(), ": keepalive");
  gates.open("loaded");
  assert.equal(chunksOf(await reader.rest())[1]!.choices[0]!.delta.content, "buzz");
});

Deno.test("what fails before it answers has a status; later, an error is the last of the stream", async () => {
  await using role = new OpenAiRole({
    infer(request) {
      if (request.messages?.[0]?.content === "later") emitToken("bu", 0);
      throw new RbeeError("worker_gone", "The worker has died");
    },
  });
  const refused = await role.post(CHAT, HELLO);
  assert.equal(refused.status, 502);
  assert.deepEqual(await refused.json(), {
    error: {
      message: "The worker has died",
      type: "server_error",
      param: null,
      code: "worker_gone",
    },
  });
  const messages = [{ role: "user", content: "later" }];
  const broken = await role.post(CHAT, { ...HELLO, messages });
  assert.equal(broken.status, 200);
  const frames = await new FrameReader(broken).rest();
  assert.deepEqual(jsonOf(frames.at(-1)), {
    error: {
      message: "The worker has died",
      type: "server_error",
      param: null,
      code: "worker_gone",
    },
  });
  assert.ok(frames.every(({ data }) => data !== "[DONE]"), "it did not end well");
});

Deno.test("X-Rbee-Narration adds narration in its place; without it there is none", async () => {
  await using role = new OpenAiRole({
    infer() {
      narrate("model_load", "Loading");
      emitToken("buzz", 0);
      return Promise.resolve({ result: null, usage: USAGE, finish_reason: "stop" });
    },
  });
  const headers = { "X-Rbee-Narration": "1" };
  const told = await new FrameReader(await role.post(CHAT, HELLO, { headers })).rest();
  assert.deepEqual(told.map(({ event }) => event).slice(0, 2), ["narration", undefined]);
  const silent = await new FrameReader(await role.post(CHAT, HELLO)).rest();
  assert.ok(silent.every(({ event }) => event === undefined));
});

Deno.test("a client that goes cancels its job, in the middle of a stream and before its begin", async () => {
  const gates = new Gates();
  await using role = new OpenAiRole({
    async infer(request, job) {
      const [message] = request.messages ?? [];
      if (message?.content === "Hello") emitToken("bu", 0);
      else gates.pass(String(message?.content));
      await unlessAborted(gates.pass("never"), job.signal);
      return { result: null };
    },
  });
  const answer = await role.post(CHAT, HELLO);
  const job = role.jobOf(answer);
  const reader = new FrameReader(answer);
  await reader.frame();
  await reader.cancel();
  await job.ended;
  assert.equal(job.state, "cancelled");

  for (const stream of [true, false]) {
    const early = new AbortController();
    const content = `stream ${stream}`;
    const messages = [{ role: "user", content }];
    const asking = role.post(CHAT, { ...HELLO, messages, stream }, { signal: early.signal });
    await gates.reached(content);
    const [running] = role.server.registry.active();
    early.abort();
    await assert.rejects(asking, { name: "AbortError" });
    await running!.ended;
    assert.equal(running!.state, "cancelled");
    const end = running!.log.cursor(running!.log.lastSeq - 1);
    assert.match(new TextDecoder().decode(end.read()), /its client has gone/);
  }
});

Deno.test("cancelling the job of a stream ends the stream with an error", async () => {
  const gates = new Gates();
  await using role = new OpenAiRole({
    async infer(_request, job) {
      emitToken("bu", 0);
      await unlessAborted(gates.pass("never"), job.signal);
      return { result: null };
    },
  });
  const answer = await role.post(CHAT, HELLO);
  const reader = new FrameReader(answer);
  await reader.frame();
  role.jobOf(answer).cancel("on request");
  const frames = await reader.rest();
  const { error } = jsonOf(frames.at(-1)) as { error: Record<string, unknown> };
  assert.deepEqual(error, {
    code: "cancelled",
    message: "The request was cancelled: on request",
    type: "cancelled_error",
    param: null,
  });
});

Deno.test("cancelling the job of a request that is not streamed is told its client once, as no mistake of it", async () => {
  const gates = new Gates();
  await using role = new OpenAiRole({
    async infer(_request, job) {
      await unlessAborted(gates.pass("asked"), job.signal);
      return { result: null };
    },
  });
  const openai = new OpenAI({ baseURL: `${role.url}/v1`, apiKey: "unused", maxRetries: 2 });
  const asking = openai.chat.completions.create({
    model: "bee-tiny",
    messages: [{ role: "user", content: "Hello" }],
  });
  const refused = assert.rejects(asking, (error) => {
    assert.ok(error instanceof OpenAI.APIError, String(error));
    assert.deepEqual([error.status, error.code, error.type], [
      499,
      "cancelled",
      "cancelled_error",
    ]);
    return true;
  });
  await gates.reached("asked");
  role.server.registry.active()[0]!.cancel("on request");
  await refused;
  assert.equal(role.asked.length, 1, "it was not asked again");
});

Deno.test("a reader that is too slow for what is kept is told that its answer is not whole", async () => {
  const gates = new Gates();
  await using role = new OpenAiRole({
    async infer(_request, job) {
      emitToken("first", 0);
      await unlessAborted(gates.pass("flood"), job.signal);
      // More than the memory of a log, in one turn.
      for (let i = 1; i <= 12; i++) emitToken("b".repeat(1024 * 1024), i);
      return { result: null, usage: USAGE, finish_reason: "stop" };
    },
  });
  const reader = new FrameReader(await role.post(CHAT, HELLO));
  await reader.frame();
  gates.open("flood");
  const frames = await reader.rest();
  const { error } = jsonOf(frames.at(-1)) as { error: Record<string, unknown> };
  assert.equal(error["code"], "answer_incomplete");
});
