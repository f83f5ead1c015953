import assert from "node:assert/strict";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import type { LlamaEngine } from "../../src/worker/llama_engine.ts";
import { loadEngine } from "../../src/worker/load_engine.ts";
import { stayAwake } from "../helpers/stay_awake.ts";

stayAwake();

const NEVER = new AbortController().signal;

async function withEngine<T>(work: (engine: LlamaEngine) => Promise<T>): Promise<T> {
  const file = await findModelFile(DEMO_MODEL);
  const options = { context: 64, parallel: 1 };
  const engine = await loadEngine(file, { device: "cpu", memoryCheck: true, options }, () => {});
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

const product = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, number, i) => sum + number * b[i]!, 0);

Deno.test("LlamaEngine turns texts into vectors of length 1, each the same whatever is beside it", () =>
  withEngine(async (engine) => {
    const texts = ["Luna is a bee.", "Luna was a bee.", "one, two, three"];
    const { vectors, promptTokens } = await engine.embed({ texts, signal: NEVER });
    assert.equal(vectors.length, 3);
    assert.ok(promptTokens > 10);
    for (const vector of vectors) {
      assert.equal(vector.length, 128);
      assert.ok(Math.abs(product(vector, vector) - 1) < 1e-5);
    }
    const [bee, alike, other] = vectors as [number[], number[], number[]];
    assert.ok(product(bee, alike) > product(bee, other));
    const alone = await engine.embed({ texts: [texts[2]!], signal: NEVER });
    assert.ok(product(alone.vectors[0]!, other) > 0.9999);
  }));

Deno.test("LlamaEngine embeds while it generates, and generates as before", () =>
  withEngine(async (engine) => {
    const count = async () => {
      let text = "";
      await engine.generate({
        messages: [{ role: "user", content: "Count to five." }],
        maxTokens: 50,
        temperature: 0,
        stop: [],
        signal: NEVER,
        onText: (piece) => text += piece,
      });
      return text;
    };
    const embedding = () => engine.embed({ texts: ["Luna", "Otto"], signal: NEVER });
    const [text, first, second] = await Promise.all([count(), embedding(), embedding()]);
    assert.equal(text, "one, two, three, four, five.");
    assert.deepEqual(first.vectors, second.vectors);
    assert.equal(await count(), text);
  }));

Deno.test("LlamaEngine refuses a text that does not fit, by its place, and goes on", () =>
  withEngine(async (engine) => {
    await assert.rejects(
      engine.embed({ texts: ["Luna", "bee ".repeat(200)], signal: NEVER }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "context_length_exceeded");
        assert.match(error.message, /^Text 2 of the input has \d+ tokens and the context \d+; /);
        return true;
      },
    );
    assert.equal((await engine.embed({ texts: ["Luna"], signal: NEVER })).vectors.length, 1);
  }));

Deno.test("LlamaEngine refuses more numbers than one answer holds", () =>
  withEngine(async (engine) => {
    await assert.rejects(engine.embed({ texts: Array(7813).fill("x"), signal: NEVER }), {
      code: "unsupported",
      message: /send at most 7812 texts at once$/,
    });
  }));

Deno.test("LlamaEngine stops embedding between two texts, and lets who waits for its turn leave", () =>
  withEngine(async (engine) => {
    const reason = new Error("cancelled");
    const abort = new AbortController();
    let looks = 0;
    // The one moment between two texts that a test can hold on to.
    abort.signal.throwIfAborted = () => {
      if (++looks === 4) abort.abort(reason);
      if (abort.signal.aborted) throw reason;
    };
    const leaving = new AbortController();
    const working = engine.embed({ texts: Array(50).fill("Luna"), signal: abort.signal });
    const waiting = engine.embed({ texts: ["Otto"], signal: leaving.signal });
    leaving.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(working, reason);
    assert.equal(looks, 4);
    assert.equal((await engine.embed({ texts: ["Luna"], signal: NEVER })).vectors.length, 1);
  }));
