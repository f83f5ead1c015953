import assert from "node:assert/strict";
import { JobClient } from "../../src/jobs/job_client.ts";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { askedOf } from "../helpers/engine_hive.ts";
import { JobReader } from "../helpers/job_reader.ts";
import { endlessFormat } from "../helpers/openai_home.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";
import { ToldText } from "../helpers/told_text.ts";

/** Stands in all that is asked here, and nowhere else. */
const MARK = "xylomarigoldquartz";
const LONG = 100_000;

/** What a request of OpenAI's API may hold of a person's words. */
const CHAT = {
  messages: [
    { role: "system", content: `Be ${MARK} kind.` },
    { role: "user", content: `Tell me of ${MARK}.` },
    {
      role: "assistant",
      content: null,
      tool_calls: [{
        id: "call_1",
        type: "function",
        function: { name: "look", arguments: `{"at":"${MARK}"}` },
      }],
    },
    { role: "tool", tool_call_id: "call_1", content: `It is ${MARK}.` },
    { role: "user", content: [{ type: "text", text: `And ${MARK}?` }] },
  ],
  stop: [`${MARK} stop`],
  max_tokens: 8,
};
const PROMPT = { prompt: `Tell me of ${MARK}.`, max_tokens: 8, stop: `${MARK} stop` };
const OVERFLOW = { prompt: `${MARK} `.repeat(10_000), max_tokens: 8 };

/** Requests most of which are refused, each for another reason, with the mark where they are wrong. */
const REFUSED: Record<string, unknown>[] = [
  { ...CHAT, unknown_field: MARK },
  { ...CHAT, unknown_field: { deep: [MARK] } },
  { ...CHAT, temperature: MARK },
  { ...CHAT, max_tokens: MARK },
  { ...CHAT, stop: [MARK, 5] },
  { ...CHAT, stop: { text: MARK } },
  { ...CHAT, messages: MARK },
  { ...CHAT, messages: [{ role: MARK, content: MARK }] },
  { ...CHAT, messages: [{ role: "user", content: [{ type: MARK, text: MARK }] }] },
  { ...CHAT, messages: [{ role: "user", content: MARK, name: 5 }] },
  { ...CHAT, messages: [{ role: "tool", content: MARK }] },
  { ...CHAT, response_format: { type: MARK } },
  { ...CHAT, response_format: schema({ type: MARK }) },
  { ...CHAT, response_format: schema({ type: "string", pattern: `(${MARK}` }) },
  { ...CHAT, response_format: schema({ $ref: `#/$defs/${MARK}` }) },
  { ...CHAT, response_format: schema({ type: "string", format: MARK }) },
  { ...CHAT, response_format: schema({ enum: [], description: MARK }) },
  { ...CHAT, tool_choice: MARK },
  { ...CHAT, tools: [{ type: MARK, function: { name: "look" } }] },
  { ...CHAT, tools: [{ type: "function", function: { name: "look", parameters: MARK } }] },
  { ...CHAT, logit_bias: { [MARK]: 1 } },
];

function schema(body: Record<string, unknown>) {
  return {
    type: "json_schema",
    json_schema: {
      name: "answer",
      schema: { type: "object", properties: { a: body }, required: ["a"] },
    },
  };
}

/** Sends a body of OpenAI's API and returns the status of the answer, which is the asker's own. */
async function post(home: SupervisedHome, path: string, body: unknown): Promise<number> {
  const answer = await fetch(`${home.queen.baseUrl}/v1/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Rbee-Narration": "1" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  await answer.text();
  return answer.status;
}

function ended(end: JobEvent, type: JobEvent["type"]): void {
  assert.equal(end.type, type, JSON.stringify(end));
}

/** Looks at all that can be asked for while queen, hive and workers run. */
async function lookAround(home: SupervisedHome, told: ToldText): Promise<void> {
  for (const client of [home.queen, home.hive]) {
    await told.lookAtJobs(client);
    await told.lookAtWorkers(client);
    const figures = await (await fetch(`${client.baseUrl}/metrics`)).text();
    assert.match(figures, /^rbee_build_info\{/m);
    told.look(`the figures of ${client.baseUrl}`, figures);
  }
  for (const args of [["job", "list"], ["hive", "logs"], ["queen", "logs"], ["status"]]) {
    const { stdout, stderr } = await home.rbee.rbee([...args, ...args[1] ? [] : ["--json"]]);
    told.look(`rbee ${args.join(" ")}`, stdout + stderr);
  }
}

async function endOfHome(home: SupervisedHome, told: ToldText): Promise<void> {
  await lookAround(home, told);
  await home.end();
  await told.lookAtFiles(home.rbee.path, (path) => path.endsWith(".gguf"));
  assert.deepEqual(told.places, []);
}

Deno.test("what is asked of our own worker is told to nobody and kept nowhere, whether it goes well or not", async () => {
  await using home = await SupervisedHome.up({
    models: { "bee-tiny": { context: 32_768, parallel: 2 } },
  });
  const told = new ToldText(MARK);
  const model = "bee-tiny";
  assert.equal(await post(home, "chat/completions", { model, ...CHAT }), 200);
  const streamed = { model, ...CHAT, stream: true };
  assert.equal(await post(home, "chat/completions", streamed), 200);
  assert.equal(await post(home, "completions", { model, ...PROMPT }), 200);
  assert.equal(await post(home, "embeddings", { model, input: [MARK, `${MARK} x`] }), 200);
  assert.equal(await post(home, "embeddings", { model, input: [MARK, { a: MARK }] }), 400);
  for (const body of REFUSED) {
    const status = await post(home, "chat/completions", { model, ...body });
    assert.ok(status < 500, `${status} for ${JSON.stringify(body)}`);
  }
  assert.equal(await post(home, "chat/completions", `{"model":"${MARK}`), 400);
  assert.equal(await post(home, "completions", { model, ...OVERFLOW }), 400);
  const ask = { operation: "infer", model };
  ended(await home.run({ ...ask, ...PROMPT }), "done");
  ended(await home.run({ ...ask, ...OVERFLOW }), "error");
  const grammar = schema({ $ref: `#/$defs/${MARK}` });
  ended(await home.run({ ...ask, ...PROMPT, response_format: grammar }), "error");

  for (const command of ["run", "infer"]) {
    const flags = ["--system", MARK, "--stop", MARK, "--max-tokens", "4"];
    const asked = await home.rbee.rbee([command, model, ...flags, "-v"], { stdin: MARK });
    assert.equal(asked.code, 0, asked.stderr);
    told.look(`what rbee ${command} narrates`, asked.stderr);
  }

  const messages = [{ role: "user", content: `Tell me of ${MARK}.` }];
  const long = { messages, max_tokens: LONG, response_format: endlessFormat() };
  const endless = { ...ask, ...long };
  const cancelled = await home.watch(endless);
  await cancelled.token();
  const worker = await home.worker(model);
  await told.lookAtJobs(new JobClient(worker.url!));
  await home.queen.cancel(cancelled.jobId);
  ended(await cancelled.end, "cancelled");

  const left = new AbortController();
  const answer = await fetch(`${home.queen.baseUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model, ...long, stream: true }),
    signal: left.signal,
  });
  const deserted = new JobReader(home.queen, answer.headers.get("x-rbee-job-id")!);
  await deserted.token();
  left.abort();
  await answer.body?.cancel().catch(() => {});
  ended(await deserted.end, "cancelled");

  const orphaned = await home.watch(endless);
  await orphaned.token();
  Deno.kill((await home.worker(model)).pid!, "SIGKILL");
  ended(await orphaned.end, "error");
  await home.workerIs(model, "ready", ({ restarts }) => restarts === 1);

  const interrupted = await home.watch(endless);
  await interrupted.token();
  await home.kill("hive");
  await home.up();
  ended(await interrupted.end, "error");
  const lost = await home.watch(endless);
  await lost.token();
  await home.kill("queen");
  await lost.end.catch(() => {});
  await home.up();
  ended(await new JobReader(home.queen, lost.jobId).end, "error");
  await endOfHome(home, told);
});

Deno.test("what is asked of an engine is told to nobody and kept nowhere, whether it goes well or not", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({
    good: fixtureEngine(),
    dying: fixtureEngine("--die-after-tokens", "2", "--die-with", "fatal error: it is over"),
    broken: fixtureEngine("--break-stream"),
    short: fixtureEngine("--context", "2"),
    silent: fixtureEngine("--hang-answer"),
    busy: fixtureEngine("--slots", "0"),
    unstarted: fixtureEngine("--die-loading"),
    stalled: { ...fixtureEngine("--hang"), ...{ stall: "1s" } },
  }));
  const told = new ToldText(MARK);
  for (const path of ["chat/completions", "completions", "embeddings"]) {
    const body = path === "embeddings" ? { input: MARK } : path === "completions" ? PROMPT : CHAT;
    assert.equal(await post(home, path, { model: "good", ...body }), 200);
  }
  for (const body of REFUSED) {
    await post(home, "chat/completions", { model: "good", ...body });
  }
  for (const model of ["dying", "broken", "short", "busy", "unstarted", "stalled"]) {
    ended(await home.run({ operation: "infer", model, ...PROMPT }), "error");
    const status = await post(home, "chat/completions", { model, ...CHAT });
    assert.ok(status >= 400, `${model} answers ${status}`);
  }
  const silent = await home.watch({ operation: "infer", model: "silent", ...PROMPT });
  await home.workerIs("silent", "ready");
  await askedOf(await home.worker("silent"), "?arrived=1");
  await home.queen.cancel(silent.jobId);
  ended(await silent.end, "cancelled");
  await endOfHome(home, told);
});
