import assert from "node:assert/strict";
import { openAiChatAnswerSchema, openAiErrorSchema } from "../../../src/contracts/openai_answer.ts";
import { FrameReader, jsonOf } from "../../helpers/event_frames.ts";
import { FakeHive } from "../../helpers/fake_hive.ts";
import { TestQueen } from "../../helpers/test_queen.ts";

const HELLO = { model: "bee-tiny", messages: [{ role: "user", content: "Hello" }] };

function chat(queen: TestQueen, body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${queen.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...HELLO, ...body }),
    ...(signal && { signal }),
  });
}

Deno.test("a chat goes through placement to a worker, and its job is among the queen's", async () => {
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  const answer = await chat(queen, { temperature: 0, user: "luna" });
  const { choices: [choice] } = openAiChatAnswerSchema.parse(await answer.json());
  assert.equal(choice.message.content, "buzz");
  assert.equal(hive.spawns, 1, "it had none");
  const view = queen.server.registry.get(answer.headers.get("x-rbee-job-id")!).view();
  assert.deepEqual([view.operation, view.state], ["infer", "done"]);
});

Deno.test("the limits of the queen's jobs are those of OpenAI's routes too", async () => {
  await using hive = new FakeHive();
  hive.answers.push("hold");
  await using queen = await TestQueen.start(hive.url, { max_requests: 1, max_queue: 0 });
  const first = chat(queen, { stream: true });
  await hive.gates.reached("answer 1");
  const refused = await chat(queen, {});
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "5");
  const { error } = openAiErrorSchema.parse(await refused.json());
  assert.deepEqual([error.code, error.param], ["queue_full", null]);
  hive.gates.openAll();
  await new FrameReader(await first).rest();
});

Deno.test("a client that goes frees the worker on the hive", async () => {
  await using hive = new FakeHive();
  hive.answers.push("hold");
  await using queen = await TestQueen.start(hive.url);
  const client = new AbortController();
  const asking = chat(queen, {}, client.signal);
  await hive.gates.reached("answer 1");
  const there = hive.server.registry.active();
  assert.equal(there.length, 1);
  client.abort();
  await assert.rejects(asking, { name: "AbortError" });
  await there[0]!.ended;
  assert.equal(there[0]!.state, "cancelled");
});

Deno.test("a worker that dies in the middle of an answer ends the stream with an error", async () => {
  await using hive = new FakeHive();
  hive.answers.push("token_then_gone");
  await using queen = await TestQueen.start(hive.url);
  const frames = await new FrameReader(await chat(queen, { stream: true })).rest();
  assert.ok(frames.some(({ data }) => data.includes('"buzz"')));
  const { error } = openAiErrorSchema.parse(jsonOf(frames.at(-1)));
  assert.equal(error.code, "worker_gone");
});

Deno.test("a worker that dies before it answers is replaced, and the client sees nothing of it", async () => {
  await using hive = new FakeHive();
  hive.answers.push("gone");
  await using queen = await TestQueen.start(hive.url);
  const answer = await chat(queen, {});
  assert.equal(answer.status, 200);
  const { choices: [choice] } = openAiChatAnswerSchema.parse(await answer.json());
  assert.equal(choice.message.content, "buzz");
});
