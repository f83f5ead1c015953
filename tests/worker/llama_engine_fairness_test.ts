import assert from "node:assert/strict";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import type { LlamaEngine } from "../../src/worker/llama_engine.ts";
import { loadEngine } from "../../src/worker/load_engine.ts";
import { stayAwake } from "../helpers/stay_awake.ts";

stayAwake();

const NEVER = new AbortController().signal;
/** One that does not end the answer, so that it has as many as it may have. */
const TOKEN = "300";

function ask(engine: LlamaEngine, prompt: string, maxTokens: number, onText = () => {}) {
  return engine.generate({
    prompt,
    maxTokens,
    temperature: 0,
    logitBias: { [TOKEN]: 100 },
    stop: [],
    signal: NEVER,
    onText,
  });
}

Deno.test("LlamaEngine answers who comes later while others are being answered", async () => {
  const file = await findModelFile(DEMO_MODEL);
  const options = { parallel: 3, context: 1024 };
  const engine = await loadEngine(file, { device: "cpu", memoryCheck: true, options }, () => {});
  try {
    // Each slot holds something that the next request has to take away first.
    const before = ["Luna is a bee.", "Otto counts to five.", "The hive is on a hill."];
    await Promise.all(before.map((prompt) => ask(engine, prompt, 40)));
    const ended: string[] = [];
    let late: Promise<unknown> | undefined;
    let pieces = 0;
    const onText = () => {
      // In the middle of both.
      if (++pieces !== 40) return;
      late = ask(engine, "A queen receives every job.", 8).then(() => ended.push("late"));
    };
    await Promise.all([
      ask(engine, "Where does the bee fly?", 400, onText).then(() => ended.push("first")),
      ask(engine, "Which flower is blue?", 400, onText).then(() => ended.push("second")),
    ]);
    await late;
    assert.equal(ended[0], "late");
  } finally {
    await engine.close();
  }
});
