import assert from "node:assert/strict";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import type { LlamaEngine } from "../../src/worker/llama_engine.ts";
import { loadEngine } from "../../src/worker/load_engine.ts";
import { stayAwake } from "../helpers/stay_awake.ts";

stayAwake();

const NEVER = new AbortController().signal;
const LUNA = "Tell me a story about Luna, who was a bee in a very old hive on a hill.";
const OTTO = "Count to five, and then tell me which queen receives every job of the house.";

async function withEngine<T>(work: (engine: LlamaEngine) => Promise<T>): Promise<T> {
  const file = await findModelFile(DEMO_MODEL);
  const options = { parallel: 2 };
  const engine = await loadEngine(file, { device: "cpu", memoryCheck: true, options }, () => {});
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

async function ask(engine: LlamaEngine, prompt: string) {
  const { usage } = await engine.generate({
    prompt,
    maxTokens: 4,
    temperature: 0,
    stop: [],
    signal: NEVER,
    onText: () => {},
  });
  return usage;
}

Deno.test("LlamaEngine does not compute again what a slot knows, and counts it", () =>
  withEngine(async (engine) => {
    const first = await ask(engine, LUNA);
    assert.equal(first.cached_tokens, 0);
    const again = await ask(engine, LUNA);
    // One token is left to compute, for there to be a next one.
    assert.equal(again.cached_tokens, first.prompt_tokens - 1);
    const longer = await ask(engine, `${LUNA} She had a friend.`);
    assert.ok(longer.cached_tokens! > first.prompt_tokens - 4);
    assert.ok(longer.cached_tokens! < longer.prompt_tokens);
  }));

Deno.test("LlamaEngine gives each of two conversations the slot that knows it", () =>
  withEngine(async (engine) => {
    const cached: number[] = [];
    for (const prompt of [LUNA, OTTO, OTTO, LUNA, LUNA, OTTO]) {
      const { cached_tokens, prompt_tokens } = await ask(engine, prompt);
      cached.push(cached_tokens === prompt_tokens - 1 ? 1 : 0);
    }
    assert.deepEqual(cached, [0, 0, 1, 1, 1, 1]);
  }));
