import OpenAI from "openai";
import assert from "node:assert/strict";
import {
  openAiChatChunkSchema,
  openAiCompletionChunkSchema,
} from "../../../src/contracts/openai_answer.ts";
import { narrationEventSchema } from "../../../src/contracts/job_event.ts";
import { emitToken } from "../../../src/jobs/emit.ts";
import { narrate } from "../../../src/narration/narrate.ts";
import { FrameReader, jsonOf } from "../../helpers/event_frames.ts";
import { OpenAiRole } from "../../helpers/openai_role.ts";

const HELLO = {
  model: "bee-tiny",
  messages: [{ role: "user" as const, content: "Hello" }],
  stream: true as const,
};
const USAGE = { prompt_tokens: 5, completion_tokens: 2 };
const PLACE = { id: true, object: true, model: true } as const;
const headers = { "X-Rbee-Narration": "1" };

/** One that narrates before its answer and in the middle of it. */
function narrating(): OpenAiRole {
  return new OpenAiRole({
    infer() {
      narrate("model_load", "Loading");
      emitToken("bu", 0);
      narrate("infer", "Half of it is told");
      emitToken("zz", 1);
      return Promise.resolve({ result: null, usage: USAGE, finish_reason: "stop" });
    },
  });
}

function clientOf(role: OpenAiRole): OpenAI {
  return new OpenAI({ baseURL: `${role.url}/v1`, apiKey: "unused", maxRetries: 0 });
}

for (
  const [path, prefix, schema] of [
    ["/v1/chat/completions", "chatcmpl-", openAiChatChunkSchema],
    ["/v1/completions", "cmpl-", openAiCompletionChunkSchema],
  ] as const
) {
  Deno.test(`narration in a stream of ${path} is a chunk of its answer without choices`, async () => {
    await using role = narrating();
    const { messages, ...rest } = HELLO;
    const body = path === "/v1/completions" ? { ...rest, prompt: "Hello" } : { ...rest, messages };
    const answer = await role.post(path, {
      ...body,
      stream_options: { include_usage: true },
    }, { headers });
    const frames = await new FrameReader(answer).rest();
    const told = frames.filter(({ event }) => event === "narration").map(jsonOf);
    assert.equal(frames.pop()?.data, "[DONE]");
    const [last] = frames.filter(({ event }) => event === undefined).map(jsonOf);
    assert.equal(told.length, 2);
    for (const data of told) {
      const { id, object, created, model, choices, usage } = schema.parse(data);
      assert.deepEqual({ object, created, model }, {
        object: last!["object"],
        created: last!["created"],
        model: last!["model"],
      });
      assert.equal(id, role.jobOf(answer).id.replace("job-", prefix));
      assert.deepEqual(choices, []);
      assert.equal(usage, null, "as every chunk before the one with the usage");
    }
    const events = told.map((data) => narrationEventSchema.parse({ ...data, type: "narration" }));
    assert.deepEqual(events.map(({ action, human, level }) => [action, human, level]), [
      ["model_load", "Loading", "info"],
      ["infer", "Half of it is told", "info"],
    ]);
    assert.ok(events.every(({ seq, formatted, job_id }) => seq && formatted && job_id));
  });
}

Deno.test("openai's stream helper makes the same of a stream with narration as without", async () => {
  await using role = narrating();
  const openai = clientOf(role);
  const whole = async (options: { headers?: Record<string, string> }) => {
    const stream = openai.chat.completions.stream(HELLO, options);
    const kinds = new Set<string>();
    // What it has put together so far, of which the first chunk is the base.
    stream.on("chunk", (_chunk, soFar) => {
      const { id, object, model } = openAiChatChunkSchema.pick(PLACE).parse(soFar);
      kinds.add(`${id} ${object} ${model}`);
    });
    const { id, object, model, created, choices } = await stream.finalChatCompletion();
    assert.deepEqual([...kinds], [`${id} chat.completion.chunk bee-tiny`]);
    assert.match(id, /^chatcmpl-[0-9a-f-]{36}$/);
    assert.ok(Math.abs(created - Date.now() / 1000) < 60);
    return { object, model, choices };
  };
  const told = await whole({ headers });
  assert.deepEqual([told.object, told.model], ["chat.completion", "bee-tiny"]);
  assert.equal(told.choices[0]!.message.content, "buzz");
  assert.equal(told.choices[0]!.message.role, "assistant");
  assert.equal(told.choices[0]!.finish_reason, "stop");
  assert.deepEqual(told, await whole({}));
});

Deno.test("a loop of openai's client meets chunks of one id and one object alone, whatever is narrated", async () => {
  await using role = narrating();
  const stream = await clientOf(role).chat.completions.create(HELLO, { headers });
  const kinds = new Set<string>();
  let text = "";
  for await (const { id, object, model, choices } of stream) {
    kinds.add(`${id} ${object} ${model}`);
    text += choices[0]?.delta.content ?? "";
  }
  assert.equal(text, "buzz");
  assert.equal(kinds.size, 1, [...kinds].join(", "));
});
