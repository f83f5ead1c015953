import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { CancelRequest } from "../../src/jobs/job.ts";
import { collectGarbage } from "../helpers/collect_garbage.ts";
import { EngineAnswer, SECRET } from "../helpers/engine_answer.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { RunningEngine } from "../helpers/running_engine.ts";

const MESSAGES = [
  { role: "system" as const, content: `You know ${SECRET}` },
  { role: "user" as const, content: "Fly" },
];

Deno.test("inferOverOpenAi() writes each piece as a token, in order, and then usage and reason", async () => {
  await using running = await RunningEngine.start();
  const answer = new EngineAnswer(running.engine, { messages: MESSAGES, max_tokens: 4 });
  assert.deepEqual(await answer.pieces(), ["The", " bee", " flies", " from"]);
  const end = await answer.end();
  assert.ok(end.type === "done");
  assert.deepEqual(end.result, { model: "asked-model" });
  assert.deepEqual(end.usage, { prompt_tokens: 6, completion_tokens: 4 });
  assert.equal(end.finish_reason, "length");
  const narrated = (await answer.events()).filter(({ type }) => type === "narration");
  assert.deepEqual(narrated.map((event) => event.type === "narration" && event.action), [
    "infer_done",
  ]);
});

Deno.test("inferOverOpenAi() says how long it took and never what was said", async () => {
  await using running = await RunningEngine.start();
  using narration = new RecordedNarration();
  const answer = new EngineAnswer(running.engine, { messages: MESSAGES, max_tokens: 3 });
  await answer.end();
  const [record] = narration.records;
  assert.match(
    record!.human,
    /^Answered with 3 tokens to 6: first after \d+ ms, then \d+ a second$/,
  );
  assert.equal(narration.records.length, 1);
  assert.ok(!/The|bee|flies|xylophone|Fly/.test(JSON.stringify([record!.human, record!.fields])));
});

Deno.test("inferOverOpenAi() hands messages and every parameter on to the engine", async () => {
  await using running = await RunningEngine.start();
  await new EngineAnswer(running.engine, {
    messages: MESSAGES,
    max_tokens: 2,
    temperature: 0,
    top_p: 0.5,
    top_k: 40,
    seed: 7,
    stop: ["END", "\n\n"],
  }).end();
  const [asked] = await running.requests("?ended=1");
  assert.deepEqual(asked, {
    path: "/v1/chat/completions",
    body: {
      model: "fixture-model",
      messages: MESSAGES,
      max_tokens: 2,
      temperature: 0,
      top_p: 0.5,
      top_k: 40,
      seed: 7,
      stop: ["END", "\n\n"],
      stream: true,
      stream_options: { include_usage: true },
    },
    state: "done",
  });
});

Deno.test("inferOverOpenAi() completes a prompt as it stands, and sends no parameter that is not set", async () => {
  await using running = await RunningEngine.start();
  const prompt = `${SECRET} \u00e9\u{1f41d} "\n`;
  const answer = new EngineAnswer(running.engine, { prompt, max_tokens: 2 });
  assert.deepEqual(await answer.pieces(), ["The", " bee"]);
  const [asked] = await running.requests("?ended=1");
  assert.deepEqual(asked, {
    path: "/v1/completions",
    body: {
      model: "fixture-model",
      prompt,
      max_tokens: 2,
      temperature: 0.7,
      stream: true,
      stream_options: { include_usage: true },
    },
    state: "done",
  });
});

Deno.test("inferOverOpenAi() ends with stop where the model does, and where a stop string is", async () => {
  await using running = await RunningEngine.start("--answer-tokens", "3");
  for (
    const [stop, pieces] of [
      [undefined, ["The", " bee", " flies"]],
      ["bee f", ["The", " "]],
    ] as const
  ) {
    const answer = new EngineAnswer(running.engine, { prompt: "x", ...(stop && { stop }) });
    assert.deepEqual(await answer.pieces(), pieces);
    const end = await answer.end();
    assert.equal(end.type === "done" && end.finish_reason, "stop");
    assert.deepEqual(await answer.said("finish_reason"), []);
  }
});

Deno.test("inferOverOpenAi() gives the tokens as the engine makes them", async () => {
  await using running = await RunningEngine.start("--gate");
  const answer = new EngineAnswer(running.engine, { messages: MESSAGES, max_tokens: 3 });
  for (let count = 1; count <= 3; count++) {
    await running.control("release");
    await answer.untilTokens(count);
  }
  assert.equal((await answer.pieces()).length, 3);
});

Deno.test("inferOverOpenAi() leaves thoughts out of the answer and says once that there are some", async () => {
  await using running = await RunningEngine.start("--think-tokens", "5");
  const answer = new EngineAnswer(running.engine, { messages: MESSAGES, max_tokens: 2 });
  assert.deepEqual(await answer.pieces(), ["The", " bee"]);
  assert.deepEqual(await answer.said("engine_thinks"), [
    'The engine "fixture" thinks; its thoughts are no part of the answer',
  ]);
  const said = (await answer.events()).find((event) => event.type === "narration");
  assert.equal(said?.type === "narration" && said.level, "debug");
});

Deno.test("inferOverOpenAi() counts pieces where the engine does not count tokens, and says so", async () => {
  await using running = await RunningEngine.start("--no-usage");
  const answer = new EngineAnswer(running.engine, { messages: MESSAGES, max_tokens: 3 });
  const end = await answer.end();
  assert.deepEqual(end.type === "done" && end.usage, { prompt_tokens: 0, completion_tokens: 3 });
  assert.match((await answer.said("usage_missing"))[0]!, /does not count its tokens: 3 pieces/);
});

Deno.test("inferOverOpenAi() closes the connection when the job is cancelled in the middle", async () => {
  await using running = await RunningEngine.start("--gate");
  const answer = new EngineAnswer(running.engine);
  await running.control("release?count=2");
  await answer.untilTokens(2);
  answer.job.cancel("enough");
  assert.deepEqual(await answer.pieces(), ["The", " bee"]);
  assert.equal((await answer.end()).type, "cancelled");
  assert.ok(answer.thrown instanceof CancelRequest);
  assert.equal(answer.thrown, answer.job.signal.reason);
  assert.deepEqual(await answer.said("infer_done"), []);
  assert.equal((await running.requests("?ended=1"))[0]!.state, "cancelled");
});

Deno.test("inferOverOpenAi() closes the connection also after a garbage collection", async () => {
  await using running = await RunningEngine.start("--gate");
  const answer = new EngineAnswer(running.engine);
  await running.control("release?count=1");
  await answer.untilTokens(1);
  // It takes from fetch the signal that it was given.
  collectGarbage();
  answer.job.cancel("enough");
  assert.equal((await answer.end()).type, "cancelled");
  assert.equal((await running.requests("?ended=1"))[0]!.state, "cancelled");
});

for (
  const [what, flag] of [
    ["before the first token", "--gate"],
    ["before the engine answers at all", "--hang-answer"],
  ] as const
) {
  Deno.test(`inferOverOpenAi() closes the connection when the job is cancelled ${what}`, async () => {
    await using running = await RunningEngine.start(flag);
    const answer = new EngineAnswer(running.engine);
    await running.requests("?arrived=1");
    collectGarbage();
    answer.job.cancel("enough");
    assert.deepEqual(await answer.pieces(), []);
    assert.equal(answer.thrown, answer.job.signal.reason);
    assert.equal((await running.requests("?ended=1"))[0]!.state, "cancelled");
  });
}

Deno.test("inferOverOpenAi() fails with the error of a limit, not with what its abort did", async () => {
  await using running = await RunningEngine.start("--hang-answer");
  const answer = new EngineAnswer(running.engine);
  await running.requests("?arrived=1");
  const limit = new RbeeError("timeout", "It made no progress");
  answer.job.fail(limit);
  await answer.failed("timeout", /^It made no progress$/);
  assert.equal(answer.thrown, limit);
});

Deno.test("inferOverOpenAi() asks nothing for a job that is cancelled already", async () => {
  await using running = await RunningEngine.start();
  const answer = new EngineAnswer(running.engine);
  answer.job.cancel("never mind");
  assert.equal((await answer.end()).type, "cancelled");
  assert.deepEqual(await running.requests(), []);
});

Deno.test("inferOverOpenAi() fails with worker_gone when the engine dies in the middle", async () => {
  await using running = await RunningEngine.start("--die-after-tokens", "2");
  const answer = new EngineAnswer(running.engine);
  await answer.failed(
    "worker_gone",
    /^The engine "fixture" broke off its answer; its output may say why$/,
  );
  assert.deepEqual(await answer.pieces(), ["The", " bee"]);
  assert.equal((await running.child.exited).code, 1);
});

Deno.test("inferOverOpenAi() fails with worker_gone when the engine dies before it answers", async () => {
  await using running = await RunningEngine.start("--hang-answer");
  const answer = new EngineAnswer(running.engine);
  await running.requests("?arrived=1");
  running.child.signalGroup("SIGKILL");
  await answer.failed(
    "worker_gone",
    /^The engine "fixture" does not answer: Cannot reach http:.*: the connection was cut$/,
  );
});

Deno.test("inferOverOpenAi() fails with worker_gone where nobody listens", async () => {
  const running = await RunningEngine.start();
  await running[Symbol.asyncDispose]();
  const answer = new EngineAnswer(running.engine);
  await answer.failed(
    "worker_gone",
    /^The engine "fixture" does not answer: Cannot reach http:.*: connection refused$/,
  );
});

Deno.test("inferOverOpenAi() fails with worker_gone when the connection is cut in the middle", async () => {
  await using running = await RunningEngine.start("--break-stream");
  const answer = new EngineAnswer(running.engine, { messages: MESSAGES, max_tokens: 6 });
  await answer.failed("worker_gone", /broke off its answer/);
  assert.deepEqual(await answer.pieces(), ["The", " bee", " flies"]);
  assert.equal((await running.requests("?ended=1"))[0]!.state, "broken");
});

Deno.test("inferOverOpenAi() says that the request does not fit the context", async () => {
  await using running = await RunningEngine.start("--context", "3");
  const answer = new EngineAnswer(running.engine, { prompt: `a b ${SECRET}` });
  await answer.failed(
    "context_length_exceeded",
    /^The request does not fit the context of the engine "fixture"; .*: request \(5 tokens\) exceeds the available context size \(3 tokens\), try increasing it$/,
  );
});

Deno.test("inferOverOpenAi() says that the engine is busy, while it loads and when its slots are taken", async () => {
  await using loading = await RunningEngine.startLoading("--load-ms", "600000");
  await new EngineAnswer(loading.engine).failed(
    "engine_busy",
    /^The engine "fixture" takes no more requests now \(503\); try again in a moment: Loading model$/,
  );
  await using running = await RunningEngine.start("--slots", "1", "--gate");
  const first = new EngineAnswer(running.engine);
  await running.requests("?arrived=1");
  await new EngineAnswer(running.engine).failed("engine_busy", /: all slots are busy$/);
  first.job.cancel("enough");
  await first.end();
});

Deno.test("inferOverOpenAi() answers again after a broken answer", async () => {
  await using running = await RunningEngine.start("--break-stream");
  await new EngineAnswer(running.engine).failed("worker_gone", /broke off/);
  await new EngineAnswer(running.engine).failed("worker_gone", /broke off/);
});
