import assert from "node:assert/strict";
import OpenAI from "openai";
import { unlessAborted } from "../../../src/base/delay.ts";
import { emitToken } from "../../../src/jobs/emit.ts";
import { OpenAiRole } from "../../helpers/openai_role.ts";
import { HELD, HELD_ACCESS, type Holder, send } from "../../helpers/token_holders.ts";

const CHAT = { model: "bee-tiny", messages: [{ role: "user" as const, content: "Hello" }] };
const PATH = "/models/honey.gguf";

function closed(): OpenAiRole {
  return new OpenAiRole({
    access: HELD_ACCESS,
    configured: [PATH, "hf:bees/honey"],
    infer({ model }, job) {
      emitToken("buzz", 0);
      const answer = { result: null, usage: { prompt_tokens: 1, completion_tokens: 1 } };
      // One that goes on until it is cancelled.
      if (model === "hf:bees/endless") return unlessAborted(new Promise(() => {}), job.signal);
      return Promise.resolve(answer);
    },
    embed: () => [1],
  });
}

function client(role: OpenAiRole, apiKey: string): OpenAI {
  return new OpenAI({ baseURL: `${role.url}/v1`, apiKey, maxRetries: 0 });
}

Deno.test("openai: a key that is not known is an AuthenticationError on every route", async () => {
  await using role = closed();
  const openai = client(role, "rbee_nobody");
  const asks = [
    () => openai.chat.completions.create(CHAT),
    () => openai.chat.completions.create({ ...CHAT, stream: true }),
    () => openai.completions.create({ model: "bee-tiny", prompt: "Hello" }),
    () => openai.embeddings.create({ model: "bee-tiny", input: "Hello" }),
    () => openai.models.list(),
    () => openai.models.retrieve("bee-tiny"),
  ];
  for (const ask of asks) {
    await assert.rejects(async () => void await ask(), (error) => {
      assert.ok(error instanceof OpenAI.AuthenticationError, String(error));
      assert.deepEqual([error.code, error.type, error.param], [
        "unauthorized",
        "authentication_error",
        null,
      ]);
      return true;
    });
  }
  assert.deepEqual(role.asked, []);
});

Deno.test("openai: a token of the role infer uses every route, and a path is a PermissionDeniedError", async () => {
  await using role = closed();
  const openai = client(role, HELD.ann.token);
  assert.equal((await openai.chat.completions.create(CHAT)).choices[0]!.message.content, "buzz");
  await openai.completions.create({ model: "bee-tiny", prompt: "Hello" });
  await openai.embeddings.create({ model: "bee-tiny", input: "Hello" });
  for (
    const ask of [
      () => openai.chat.completions.create({ ...CHAT, model: PATH }),
      () => openai.completions.create({ model: PATH, prompt: "Hello" }),
      () => openai.embeddings.create({ model: PATH, input: "Hello" }),
    ]
  ) {
    await assert.rejects(async () => void await ask(), (error) => {
      assert.ok(error instanceof OpenAI.PermissionDeniedError, String(error));
      assert.deepEqual([error.code, error.param], ["forbidden", "model"]);
      return true;
    });
  }
  await client(role, HELD.boss.token).chat.completions.create({ ...CHAT, model: PATH });
  assert.deepEqual(role.asked.map(({ model }) => model), ["bee-tiny", "bee-tiny", PATH]);
});

Deno.test("openai: who may not name a path sees none among the models", async () => {
  await using role = closed();
  const namesFor = async (holder: Holder) => {
    const names: string[] = [];
    for await (const { id } of client(role, HELD[holder].token).models.list()) names.push(id);
    return names;
  };
  assert.deepEqual(await namesFor("boss"), [PATH, "hf:bees/honey", "bee-tiny"]);
  assert.deepEqual(await namesFor("ann"), ["hf:bees/honey", "bee-tiny"]);
  const openai = client(role, HELD.ann.token);
  await assert.rejects(openai.models.retrieve(PATH), OpenAI.NotFoundError);
  assert.equal((await openai.models.retrieve("hf:bees/honey")).id, "hf:bees/honey");
});

Deno.test("the job of a request belongs to its token, and another can neither see, follow nor end it", async () => {
  await using role = closed();
  const { response, data } = await client(role, HELD.ann.token).chat.completions.create({
    ...CHAT,
    model: "hf:bees/endless",
    stream: true,
  }).withResponse();
  const id = response.headers.get("x-rbee-job-id")!;
  for (const [method, rest] of [["GET", ""], ["GET", "/stream"], ["DELETE", ""]] as const) {
    const answer = await send(`${role.url}/v1/jobs/${id}${rest}`, "ben", method);
    assert.equal(answer.status, 404);
    await answer.body?.cancel();
  }
  assert.equal(role.server.registry.get(id).state, "running");
  const cancelled = await send(`${role.url}/v1/jobs/${id}`, "ann", "DELETE");
  assert.equal(cancelled.status, 202);
  await cancelled.body?.cancel();
  await role.server.registry.get(id).ended;
  data.controller.abort();
});
