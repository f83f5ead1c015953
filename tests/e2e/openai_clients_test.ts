import assert from "node:assert/strict";
import OpenAI from "openai";
import { endlessFormat, startOpenAiHome } from "../helpers/openai_home.ts";

const STORY = {
  model: "bee-tiny",
  messages: [{ role: "user" as const, content: "Tell me a story about Luna." }],
  temperature: 0,
};

Deno.test("openai: a chat is the same streamed and not, with its usage, and a job that rbee shows", async () => {
  await using started = await startOpenAiHome();
  const { openai, home } = started;
  const { data: stream, response } = await openai.chat.completions.create({
    ...STORY,
    stream: true,
    stream_options: { include_usage: true },
  }).withResponse();
  let text = "";
  let usage: OpenAI.CompletionUsage | null | undefined;
  let finishReason: string | null | undefined;
  let chunks = 0;
  for await (const chunk of stream) {
    chunks++;
    text += chunk.choices[0]?.delta.content ?? "";
    finishReason = chunk.choices[0]?.finish_reason ?? finishReason;
    usage = chunk.usage;
  }
  assert.match(text, /Luna/);
  assert.ok(chunks > 5, "it came in pieces");
  assert.equal(finishReason, "stop");
  assert.ok(usage!.completion_tokens > 20 && usage!.prompt_tokens > 5);

  const whole = await openai.chat.completions.create(STORY);
  assert.equal(whole.choices[0]!.message.content, text);
  assert.equal(whole.usage!.completion_tokens, usage!.completion_tokens);
  assert.match(whole._request_id ?? "", /^job-/);

  const jobId = response.headers.get("x-rbee-job-id")!;
  const watched = await home.rbee(["job", "watch", jobId]);
  assert.equal(watched.code, 0);
  assert.match(watched.stdout, /Luna/);
  assert.match(watched.stderr, /model_load|worker_spawn/, "its narration is there too");
});

Deno.test("openai: a completion continues its prompt, streamed and not, and stops where it is told", async () => {
  await using started = await startOpenAiHome();
  const { openai } = started;
  const prompt = "The little bee flew out to look for";
  const asked = { model: "bee-tiny", prompt, temperature: 0, max_tokens: 12 };
  const whole = await openai.completions.create(asked);
  assert.equal(whole.choices[0]!.finish_reason, "length");
  assert.equal(whole.usage!.completion_tokens, 12);
  let text = "";
  for await (const chunk of await openai.completions.create({ ...asked, stream: true })) {
    text += chunk.choices[0]?.text ?? "";
  }
  assert.equal(text, whole.choices[0]!.text);
  const word = text.trim().split(" ")[2]!;
  const stopped = await openai.completions.create({ ...asked, stop: [word] });
  assert.equal(stopped.choices[0]!.finish_reason, "stop");
  assert.equal(stopped.choices[0]!.text, text.slice(0, text.indexOf(word)));
});

Deno.test("openai: models are listed and retrieved, and what is wrong has the class that its client knows", async () => {
  await using started = await startOpenAiHome();
  const { openai } = started;
  const names: string[] = [];
  for await (const model of openai.models.list()) names.push(model.id);
  assert.deepEqual(names, ["bee-tiny"]);
  assert.equal((await openai.models.retrieve("bee-tiny")).owned_by, "rbee");
  await assert.rejects(openai.models.retrieve("hf:bees/wax"), OpenAI.NotFoundError);
  for (const stream of [true, false]) {
    const asked = async () => {
      const answer = await openai.chat.completions.create({
        ...STORY,
        model: "no-such-model",
        stream,
      });
      if (Symbol.asyncIterator in answer) await Array.fromAsync(answer);
    };
    await assert.rejects(
      asked(),
      (error) => {
        // A stream that takes long to be refused has begun before that, and brings the error in it.
        const isInStream = stream && error instanceof OpenAI.APIError && error.status === undefined;
        assert.ok(error instanceof OpenAI.NotFoundError || isInStream, String(error));
        assert.deepEqual([error.code, error.param, error.type], [
          "model_not_found",
          "model",
          "invalid_request_error",
        ]);
        return true;
      },
    );
  }
  await assert.rejects(openai.chat.completions.create({ ...STORY, n: 2 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual([error.code, error.param], ["unsupported_parameter", "n"]);
    return true;
  });
  const long = [{ role: "user" as const, content: "bee ".repeat(20_000) }];
  await assert.rejects(openai.chat.completions.create({ ...STORY, messages: long }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.code, "context_length_exceeded");
    return true;
  });
});

Deno.test("openai: a queen without a hive is an InternalServerError of status 503, to be tried again later", async () => {
  await using started = await startOpenAiHome({ hive: false });
  for (const stream of [true, false]) {
    await assert.rejects(started.openai.chat.completions.create({ ...STORY, stream }), (error) => {
      assert.ok(error instanceof OpenAI.InternalServerError);
      assert.equal(error.status, 503);
      assert.equal(error.code, "hive_unreachable");
      assert.equal(error.headers.get("retry-after"), "5");
      return true;
    });
  }
});

Deno.test("openai: an abort in the middle of a stream cancels the job, and the worker answers the next", async () => {
  await using started = await startOpenAiHome({ isLong: true });
  const { openai } = started;
  const { data: stream, response } = await openai.chat.completions.create({
    ...STORY,
    response_format: endlessFormat(),
    stream: true,
  }).withResponse();
  for await (const _chunk of stream) break;
  const end = await started.endOf(response.headers.get("x-rbee-job-id"));
  assert.equal(end.type, "cancelled");
  const next = await openai.chat.completions.create(STORY);
  assert.match(next.choices[0]!.message.content ?? "", /Luna/);
});

Deno.test("openai: narration on request disturbs no reader of chunks", async () => {
  await using started = await startOpenAiHome();
  const headers = { "X-Rbee-Narration": "1" };
  const stream = await started.openai.chat.completions.create({ ...STORY, stream: true }, {
    headers,
  });
  let text = "";
  let narrated = 0;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    assert.equal(chunk.object, "chat.completion.chunk");
    if ("human" in chunk) narrated++;
  }
  assert.match(text, /Luna/);
  assert.ok(narrated > 3, "loading is told");
});

Deno.test("openai: a JSON schema is kept to", async () => {
  await using started = await startOpenAiHome();
  const schema = {
    type: "object",
    properties: { bee: { type: "string", enum: ["Luna", "Hazel"] }, jars: { type: "integer" } },
    required: ["bee", "jars"],
    additionalProperties: false,
  };
  const { choices: [choice] } = await started.openai.chat.completions.create({
    ...STORY,
    response_format: { type: "json_schema", json_schema: { name: "store", schema, strict: true } },
  });
  const { bee, jars, ...rest } = JSON.parse(choice!.message.content!);
  assert.match(bee, /^(Luna|Hazel)$/);
  assert.ok(Number.isInteger(jars));
  assert.deepEqual(rest, {});
});

const COUNT_JARS = {
  type: "function" as const,
  function: {
    name: "count_jars",
    description: "Counts the jars of honey",
    parameters: {
      type: "object",
      properties: { shelf: { type: "string", enum: ["upper", "lower"] } },
      required: ["shelf"],
      additionalProperties: false,
    },
  },
};

Deno.test("openai: a tool that must be called is, streamed and not, and its result is taken back", async () => {
  await using started = await startOpenAiHome();
  const { openai } = started;
  const asked = { ...STORY, tools: [COUNT_JARS], tool_choice: "required" as const };
  const { choices: [choice] } = await openai.chat.completions.create(asked);
  assert.equal(choice!.finish_reason, "tool_calls");
  const [call] = choice!.message.tool_calls!;
  assert.ok(call?.type === "function");
  assert.equal(call.function.name, "count_jars");
  assert.match(JSON.parse(call.function.arguments).shelf, /^(upper|lower)$/);

  const streamed = await openai.chat.completions.stream(asked).finalChatCompletion();
  const [again] = streamed.choices[0]!.message.tool_calls!;
  assert.ok(again?.type === "function");
  assert.deepEqual(again.function.arguments, call.function.arguments);
  assert.equal(streamed.choices[0]!.finish_reason, "tool_calls");

  const answered = await openai.chat.completions.create({
    ...STORY,
    tools: [COUNT_JARS],
    tool_choice: "none",
    max_tokens: 8,
    messages: [
      ...STORY.messages,
      choice!.message,
      { role: "tool", tool_call_id: call.id, content: "4" },
    ],
  });
  assert.ok(answered.choices[0]!.message.content !== null);
  assert.equal(answered.choices[0]!.message.tool_calls, undefined);
});

Deno.test("openai: embeddings are vectors of one length, the same for the same text", async () => {
  await using started = await startOpenAiHome();
  const input = ["a bee", "a bee", "a jar of honey"];
  // Without a format this client asks for base64, and unpacks it.
  const { data, usage } = await started.openai.embeddings.create({ model: "bee-tiny", input });
  assert.deepEqual(data.map(({ index }) => index), [0, 1, 2]);
  const [one, same, other] = data.map(({ embedding }) => embedding);
  assert.ok(one!.length > 1 && one!.length === other!.length);
  assert.deepEqual(one, same);
  assert.notDeepEqual(one, other);
  assert.ok(usage.prompt_tokens > 3);
  const plain = await started.openai.embeddings.create({
    model: "bee-tiny",
    input: "a bee",
    encoding_format: "float",
  });
  const [number, packed] = [plain.data[0]!.embedding, one!];
  assert.ok(number.every((value, at) => Math.abs(value - packed[at]!) < 1e-4));
});

Deno.test("curl: a streamed chat is events that end with [DONE]", async () => {
  await using started = await startOpenAiHome();
  const { code, stdout, stderr } = await new Deno.Command("curl", {
    args: [
      "--silent",
      "--show-error",
      "--no-buffer",
      `${started.baseURL}/chat/completions`,
      "--json",
      JSON.stringify({ ...STORY, stream: true }),
    ],
  }).output();
  const [told, failed] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, failed);
  assert.match(told!, /^(: waiting for the model\n\n)?(: keepalive\n\n)*data: \{"id":"chatcmpl-/);
  assert.match(told!, /\n\ndata: \[DONE\]\n\n$/);
});
