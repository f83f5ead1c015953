import assert from "node:assert/strict";
import { embedSchema, type InferInput, inferSchema } from "../../src/contracts/operation.ts";
import { Job } from "../../src/jobs/job.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { runJob } from "../../src/jobs/job_runner.ts";
import type { Embedding, Engine, Generation } from "../../src/worker/engine.ts";
import { embed } from "../../src/worker/embed.ts";
import { checkModel, infer } from "../../src/worker/infer.ts";
import { logEvents } from "../helpers/log_events.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";

const TOOL = { type: "function" as const, function: { name: "stop" } };
const NO_LIMIT = { kind: "total", ms: 60_000 } as const;

/** An engine that says given pieces and keeps what it was asked. */
class FakeEngine implements Engine {
  readonly asked: Generation[] = [];
  readonly #pieces: readonly string[];

  constructor(pieces: readonly string[] = []) {
    this.#pieces = pieces;
  }

  generate(generation: Generation) {
    this.asked.push(generation);
    for (const piece of this.#pieces) generation.onText(piece);
    const usage = { prompt_tokens: 3, completion_tokens: this.#pieces.length };
    return Promise.resolve({ usage, finishReason: "length" as const });
  }

  embed({ texts }: Embedding) {
    return Promise.resolve({ vectors: texts.map((text) => [text.length, 0]), promptTokens: 4 });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function run(engine: Engine, fields: Omit<InferInput, "operation" | "model">): Promise<Job> {
  const request = inferSchema.parse({ operation: "infer", model: "bee-tiny", ...fields });
  const job = new Job({
    id: newJobId(),
    operation: "infer",
    correlationId: crypto.randomUUID(),
  });
  await runJob(job, (running) => infer(engine, request, running), NO_LIMIT);
  return job;
}

Deno.test("infer() writes each piece as a token of its own, counted from 0, and then the usage", async () => {
  const job = await run(new FakeEngine(["one", ", ", "two"]), { prompt: "Count" });
  const events = logEvents(job.log);
  assert.deepEqual(
    events.flatMap((event) => event.type === "token" ? [[event.i, event.text]] : []),
    [[0, "one"], [1, ", "], [2, "two"]],
  );
  const end = events.at(-1);
  assert.ok(end?.type === "done");
  assert.deepEqual(end.result, { model: "bee-tiny" });
  assert.deepEqual(end.usage, { prompt_tokens: 3, completion_tokens: 3 });
  assert.equal(end.finish_reason, "length");
});

Deno.test("infer() writes calls as one structured result, after the text and before the end", async () => {
  const calls = [{ id: "a", ...TOOL, function: { name: "stop", arguments: "{}" } }];
  class CallingEngine extends FakeEngine {
    override generate(generation: Generation) {
      const answer = super.generate(generation);
      generation.onToolCalls?.(calls);
      return answer;
    }
  }
  const job = await run(new CallingEngine(["one"]), { prompt: "Count" });
  const events = logEvents(job.log).filter(({ type }) => type !== "narration");
  assert.deepEqual(events.map(({ type }) => type), ["token", "data", "done"]);
  const data = events[1];
  assert.ok(data?.type === "data");
  assert.deepEqual([data.name, data.value], ["tool_calls", calls]);
});

Deno.test("embed() gives the vectors as the job's result, and says how many and no text", async () => {
  const request = embedSchema.parse({
    operation: "embed",
    model: "bee-tiny",
    input: ["xylophone", "ab"],
  });
  const job = new Job({
    id: newJobId(),
    operation: "embed",
    correlationId: crypto.randomUUID(),
  });
  const engine = new FakeEngine();
  await runJob(job, (running) => embed(engine, request, running), NO_LIMIT);
  const [said, end] = logEvents(job.log);
  assert.ok(said?.type === "narration" && end?.type === "done");
  assert.match(said.human, /^Made 2 vectors of 2 numbers in \d+ ms$/);
  assert.ok(!JSON.stringify(said).includes("xylophone"));
  assert.deepEqual(end.result, { model: "bee-tiny", embeddings: [[9, 0], [2, 0]] });
  assert.deepEqual(end.usage, { prompt_tokens: 4, completion_tokens: 0 });
});

Deno.test("infer() hands the request on to the engine, defaults included", async () => {
  const engine = new FakeEngine();
  const messages = [{ role: "user" as const, content: "Hello" }];
  const first = await run(engine, { prompt: "Hello" });
  await run(engine, {
    messages,
    max_tokens: 9,
    temperature: 1.5,
    top_p: 0.9,
    top_k: 40,
    min_p: 0.1,
    frequency_penalty: 1,
    presence_penalty: -1,
    logit_bias: { "7": 5 },
    response_format: { type: "json_object" },
    tools: [TOOL],
    tool_choice: "required",
    parallel_tool_calls: false,
    seed: 7,
    stop: ["a", "b"],
  });
  await run(engine, { prompt: "Hello", stop: "END" });
  const seen = engine.asked.map(({ onText: _, onToolCalls: _calls, signal: __, ...rest }) =>
    // What was not asked for is undefined.
    JSON.parse(JSON.stringify(rest))
  );
  assert.deepEqual(seen[0], {
    prompt: "Hello",
    maxTokens: 512,
    temperature: 0.7,
    stop: [],
  });
  assert.deepEqual(seen[1], {
    messages,
    maxTokens: 9,
    temperature: 1.5,
    topP: 0.9,
    topK: 40,
    minP: 0.1,
    frequencyPenalty: 1,
    presencePenalty: -1,
    logitBias: { "7": 5 },
    responseFormat: { type: "json_object" },
    tools: [TOOL],
    toolChoice: "required",
    parallelToolCalls: false,
    seed: 7,
    stop: ["a", "b"],
  });
  assert.deepEqual(seen[2]!.stop, ["END"]);
  assert.equal(engine.asked[0]!.signal, first.signal);
});

Deno.test("infer() says lengths and never the text of prompt or answer", async () => {
  using said = new RecordedNarration();
  const job = await run(new FakeEngine(["my answer ", "is secret"]), {
    messages: [{ role: "user", content: "my question is secret" }],
    stop: ["secret stop"],
  });
  assert.deepEqual(said.actionsOf(job.id), ["infer_done"]);
  const [record] = said.records;
  assert.match(
    record!.human,
    /^Answered with 2 tokens to 3: first after \d+ ms, then \d+ a second$/,
  );
  assert.equal(record!.fields?.["completion_tokens"], 2);
  assert.ok(!JSON.stringify(said.records).includes("secret"));
});

Deno.test("infer() answers with nothing where the model has nothing to say", async () => {
  const job = await run(new FakeEngine(), { prompt: "x" });
  assert.equal(job.state, "done");
  assert.deepEqual(logEvents(job.log).map(({ type }) => type), ["narration", "done"]);
});

Deno.test("checkModel() takes each of the worker's names and refuses any other", () => {
  const names = ["bee-tiny", "/models/bee-tiny.gguf"];
  for (const name of names) checkModel(name, names);
  assert.throws(() => checkModel("other", names), {
    name: "RbeeError",
    code: "model_not_found",
    message:
      'This worker has the model "bee-tiny", not "other"; ask the queen, which finds the right one',
  });
  assert.throws(() => checkModel("x".repeat(4000), names), (error: Error) => {
    assert.ok(error.message.length < 400);
    return true;
  });
});
