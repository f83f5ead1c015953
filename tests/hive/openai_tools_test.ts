import assert from "node:assert/strict";
import { embedSchema } from "../../src/contracts/operation.ts";
import { embedOverOpenAi } from "../../src/hive/embed_over_openai.ts";
import type { OpenAiEngine } from "../../src/hive/engine_request.ts";
import { EngineAnswer, SECRET } from "../helpers/engine_answer.ts";
import { chatChunk, DONE, eventStream, serveForeign } from "../helpers/foreign_server.ts";
import { startLocalJob } from "../helpers/local_job.ts";
import { RunningEngine } from "../helpers/running_engine.ts";

const MESSAGES = [{ role: "user" as const, content: SECRET }];
const tool = (name: string) => ({ type: "function" as const, function: { name } });

const callChunk = (...calls: object[]) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: calls } }] })}\n\n`;

/** The calls in a job, and how it ended. */
async function callsOf(answer: EngineAnswer) {
  const events = await answer.events();
  const data = events.flatMap((event) => event.type === "data" ? [event] : []);
  assert.ok(data.every(({ name }) => name === "tool_calls"));
  const end = await answer.end();
  assert.ok(end.type === "done", JSON.stringify(end));
  return { calls: data.map(({ value }) => value), reason: end.finish_reason, usage: end.usage };
}

async function embedding(engine: OpenAiEngine, input: string | string[]) {
  const request = embedSchema.parse({ operation: "embed", model: "asked-model", input });
  const { ended } = startLocalJob((job) => embedOverOpenAi(engine, request, job));
  return (await ended).at(-1)!;
}

Deno.test("inferOverOpenAi() puts the parts of calls together into one structured result", async () => {
  await using running = await RunningEngine.start();
  const tools = [tool("look"), tool("fly")];
  const answer = new EngineAnswer(running.engine, {
    messages: MESSAGES,
    tools,
    tool_choice: "required",
  });
  assert.deepEqual(await answer.pieces(), []);
  const call = (id: string, name: string) => ({
    id,
    type: "function",
    function: { name, arguments: '{"flower":"rose"}' },
  });
  assert.deepEqual(await callsOf(answer), {
    calls: [[call("call_0", "look"), call("call_1", "fly")]],
    reason: "tool_calls",
    usage: { prompt_tokens: 3, completion_tokens: 5 },
  });
});

Deno.test("inferOverOpenAi() hands the parameters of sampling, form and tools on", async () => {
  await using running = await RunningEngine.start();
  const fields = {
    min_p: 0.1,
    frequency_penalty: 1,
    presence_penalty: -1,
    logit_bias: { "7": 5 },
    response_format: { type: "json_object" as const },
    tools: [tool("look")],
    tool_choice: tool("look"),
    parallel_tool_calls: false,
  };
  const call = { id: "a", type: "function" as const, function: { name: "look", arguments: "{}" } };
  const told = [
    { role: "assistant" as const, content: null, tool_calls: [call] },
    { role: "tool" as const, content: "a rose", tool_call_id: "a" },
  ];
  const messages = [{ role: "developer" as const, content: "Be brief." }, ...told];
  await new EngineAnswer(running.engine, { messages, ...fields }).end();
  const [asked] = await running.requests("?ended=1");
  assert.deepEqual(asked!.body, {
    model: "fixture-model",
    messages: [{ role: "system", content: "Be brief." }, ...told],
    max_tokens: 512,
    temperature: 0.7,
    ...fields,
    stream: true,
    stream_options: { include_usage: true },
  });
});

Deno.test("inferOverOpenAi() takes calls without an index or an id, and of an engine that says stop", async () => {
  await using odd = serveForeign(() =>
    eventStream(
      chatChunk("I look."),
      callChunk({ function: { name: "look", arguments: '{"a":' } }),
      callChunk({ function: { arguments: "1}" } }),
      chatChunk(null, "stop"),
      DONE,
    )
  );
  const answer = new EngineAnswer(odd.engine, { messages: MESSAGES, tools: [tool("look")] });
  assert.deepEqual(await answer.pieces(), ["I look."]);
  const { calls, reason } = await callsOf(answer);
  const [[call]] = calls as { id: string; function: object }[][] as [
    [{ id: string; function: object }],
  ];
  assert.match(call.id, /^call_/);
  assert.deepEqual(call.function, { name: "look", arguments: '{"a":1}' });
  assert.equal(reason, "tool_calls");
});

Deno.test("inferOverOpenAi() leaves out a call that the limit of tokens has cut", async () => {
  await using odd = serveForeign(() =>
    eventStream(
      callChunk({ index: 0, id: "a", function: { name: "look", arguments: "{}" } }),
      callChunk({ index: 1, id: "b", function: { name: "look", arguments: '{"a":' } }),
      chatChunk(null, "length"),
      DONE,
    )
  );
  const { calls, reason } = await callsOf(new EngineAnswer(odd.engine, { messages: MESSAGES }));
  assert.deepEqual((calls[0] as { id: string }[]).map(({ id }) => id), ["a"]);
  assert.equal(reason, "length");
});

Deno.test("inferOverOpenAi() fails at a call that is none", async () => {
  await using odd = serveForeign(() =>
    eventStream(callChunk({ index: 0, id: "a", function: {} }), chatChunk(null, "tool_calls"), DONE)
  );
  await new EngineAnswer(odd.engine, { messages: MESSAGES })
    .failed(
      "engine_failed",
      /sent a call of a tool that is none; check that it speaks OpenAI's API/,
    );
});

Deno.test("inferOverOpenAi() tells how much of the prompt the engine knew", async () => {
  const usage = {
    prompt_tokens: 9,
    completion_tokens: 1,
    total_tokens: 10,
    prompt_tokens_details: { cached_tokens: 8 },
  };
  await using odd = serveForeign(() =>
    eventStream(
      chatChunk("a", "stop"),
      `data: ${JSON.stringify({ choices: [], usage })}\n\n`,
      DONE,
    )
  );
  const answer = new EngineAnswer(odd.engine, { messages: MESSAGES });
  assert.deepEqual((await callsOf(answer)).usage, {
    prompt_tokens: 9,
    completion_tokens: 1,
    cached_tokens: 8,
  });
  assert.match((await answer.said("infer_done"))[0]!, /to 9 \(8 of them known already\): first/);
});

Deno.test("embedOverOpenAi() gives the vectors in the order of the texts", async () => {
  await using running = await RunningEngine.start();
  const end = await embedding(running.engine, ["a bee", "flies"]);
  assert.ok(end.type === "done", JSON.stringify(end));
  assert.deepEqual(end.result, { model: "asked-model", embeddings: [[5, 2, 1], [5, 1, 1]] });
  assert.deepEqual(end.usage, { prompt_tokens: 3, completion_tokens: 0 });
  const [asked] = await running.requests("?ended=1");
  assert.deepEqual([asked!.path, asked!.body], ["/v1/embeddings", {
    model: "fixture-model",
    input: ["a bee", "flies"],
    encoding_format: "float",
  }]);
});

Deno.test("embedOverOpenAi() fails with what the engine says, or that it does not speak the API", async () => {
  const answers: [Response, string, RegExp][] = [
    [
      Response.json({ error: { message: `no vectors for ${SECRET}` } }, { status: 400 }),
      "invalid_request",
      /repeats what was asked or answered, and is not shown$/,
    ],
    [
      Response.json({ error: "This server has no embeddings" }, { status: 501 }),
      "engine_failed",
      /no embeddings$/,
    ],
    [Response.json({ data: [] }), "engine_failed", /did not answer with 1 vectors; check/],
    [
      new Response("{", { headers: { "Content-Type": "application/json" } }),
      "engine_failed",
      /did not answer with 1/,
    ],
    [new Response("<html>"), "engine_failed", /answered 200 with text\/plain/],
  ];
  for (const [answer, code, message] of answers) {
    await using odd = serveForeign(() => answer);
    const end = await embedding(odd.engine, SECRET);
    assert.ok(end.type === "error", JSON.stringify(end));
    assert.equal(end.code, code, end.message);
    assert.match(end.message, message);
    assert.ok(!end.message.includes("xylophone"));
  }
});
