import assert from "node:assert/strict";
import { setTimeout as turn } from "node:timers/promises";
import type { Token } from "node-llama-cpp";
import { within } from "../../src/base/delay.ts";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import type { WorkerOptions } from "../../src/contracts/worker.ts";
import { withNarrationContext } from "../../src/narration/context.ts";
import type { Generation, GenerationResult } from "../../src/worker/engine.ts";
import { startLlama } from "../../src/worker/llama_backend.ts";
import type { LlamaEngine } from "../../src/worker/llama_engine.ts";
import { loadEngine } from "../../src/worker/load_engine.ts";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import { TokenText } from "../../src/worker/token_text.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { stayAwake } from "../helpers/stay_awake.ts";

stayAwake();

const PATIENCE_MS = 20_000;
const NEVER = new AbortController().signal;
const STORY = "Tell me a story about Luna.";

/** The demo model in this process, freed when it is disposed of. */
class TestEngine implements AsyncDisposable {
  readonly engine: LlamaEngine;

  private constructor(engine: LlamaEngine) {
    this.engine = engine;
  }

  static async load(options: WorkerOptions = {}): Promise<TestEngine> {
    const file = await findModelFile(DEMO_MODEL);
    return new TestEngine(
      await loadEngine(file, { device: "cpu", memoryCheck: true, options }, () => {}),
    );
  }

  /** Generates at temperature 0 unless told otherwise, and gives the text with the result. */
  async ask(generation: Partial<Generation>): Promise<GenerationResult & { text: string }> {
    let text = "";
    const result = await this.engine.generate({
      maxTokens: 512,
      temperature: 0,
      stop: [],
      signal: NEVER,
      ...generation,
      onText: (piece) => {
        text += piece;
        generation.onText?.(piece);
      },
    });
    return { ...result, text };
  }

  chat(content: string, generation: Partial<Generation> = {}) {
    return this.ask({ messages: [{ role: "user", content }], ...generation });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    // The package gives its threads back one turn after the last token, by a timer of its own.
    await turn(1);
  }
}

/** The same question to an engine that has answered nothing before. */
async function askFresh(content: string, options: WorkerOptions = {}): Promise<string> {
  await using fresh = await TestEngine.load(options);
  return (await fresh.chat(content)).text;
}

/** A signal that aborts by itself when it has been looked at `looks` times. */
function abortAtLook(looks: number): { signal: AbortSignal; reason: Error; looks: () => number } {
  const abort = new AbortController();
  const reason = new Error("cancelled");
  const { signal } = abort;
  let looked = 0;
  // The one moment between two steps of the engine that a test can hold on to.
  signal.throwIfAborted = () => {
    if (++looked === looks) abort.abort(reason);
    if (signal.aborted) throw signal.reason;
  };
  return { signal, reason, looks: () => looked };
}

Deno.test("LlamaEngine answers with the model's own words and counts them", async () => {
  await using test = await TestEngine.load();
  const answer = await test.chat("Count to five.");
  assert.equal(answer.text, "one, two, three, four, five.");
  assert.equal(answer.finishReason, "stop");
  assert.equal(answer.usage.prompt_tokens, 12);
  assert.ok(answer.usage.completion_tokens > 5);
});

Deno.test("LlamaEngine gives the text piece by piece, at most one piece a token", async () => {
  await using test = await TestEngine.load();
  const pieces: string[] = [];
  const { text, usage } = await test.chat(STORY, { onText: (piece) => pieces.push(piece) });
  assert.equal(pieces.join(""), text);
  assert.ok(pieces.length > 20, "the answer came in one piece");
  assert.ok(pieces.length <= usage.completion_tokens);
  assert.ok(pieces.every((piece) => piece !== ""));
});

Deno.test("LlamaEngine completes a raw prompt as it stands", async () => {
  await using test = await TestEngine.load();
  const chat = await test.chat("Count to five.");
  // What looks like a special token is one in a template alone.
  const raw = await test.ask({ prompt: "<|user|>Count to five.<|end|><|assistant|>" });
  assert.ok(raw.usage.prompt_tokens > chat.usage.prompt_tokens);
  const { usage } = await test.ask({ prompt: "Luna", maxTokens: 1 });
  assert.ok(usage.prompt_tokens < chat.usage.prompt_tokens);
});

Deno.test("LlamaEngine answers more requests at once than it has slots, each with its own text", async () => {
  const names = ["Luna", "Milo", "Hazel", "Bruno", "Ivy", "Otto", "Nora"];
  await using test = await TestEngine.load();
  const answers = await Promise.all(
    names.map((name) => test.chat(`Tell me a story about ${name}.`)),
  );
  for (const [index, name] of names.entries()) {
    assert.ok(answers[index]!.text.includes(name), `the story of ${name} is another's`);
    assert.ok(answers[index]!.usage.completion_tokens > 10);
  }
  assert.equal(new Set(answers.map(({ text }) => text)).size, names.length);
});

Deno.test("LlamaEngine works on as many requests at once as it has slots", async () => {
  await using test = await TestEngine.load({ parallel: 2 });
  const started: number[] = [];
  const ended: number[] = [];
  await Promise.all([1, 2, 3].map(async (n) => {
    await test.chat(STORY, {
      onText: () => {
        if (!started.includes(n)) started.push(n);
      },
    });
    ended.push(n);
    if (ended.length === 1) assert.deepEqual(started.toSorted(), [1, 2]);
  }));
  assert.deepEqual(ended.toSorted(), [1, 2, 3]);
});

Deno.test("LlamaEngine tells the request that waits its place, and no other request", async () => {
  using said = new RecordedNarration();
  await using test = await TestEngine.load({ parallel: 1 });
  const ask = (jobId: string) =>
    withNarrationContext(
      { jobId, correlationId: `of ${jobId}` },
      () => test.chat(STORY, { maxTokens: 10 }),
    );
  await Promise.all(["first", "second", "third", "fourth"].map(ask));
  const places = (jobId: string) =>
    said.records.filter((record: NarrationRecord) =>
      record.action === "infer_wait" && record.job_id === jobId &&
      record.correlation_id === `of ${jobId}`
    ).map(({ fields }) => fields?.["place"]);
  assert.deepEqual(["first", "second", "third", "fourth"].map(places), [[], [1], [2, 1], [
    3,
    2,
    1,
  ]]);
});

Deno.test("LlamaEngine gives the same text for the same seed and another for another", async () => {
  await using test = await TestEngine.load();
  const story = (seed?: number) =>
    test.chat(STORY, { temperature: 1, maxTokens: 60, seed }).then(({ text }) => text);
  const first = await story(42);
  // Another request in between must not matter.
  const others = new Set([await story(1), await story(2), await story(3)]);
  assert.equal(await story(42), first);
  assert.ok(others.size > 1, "seeds do not matter");
  const unseeded = new Set([await story(), await story(), await story(), await story()]);
  assert.ok(unseeded.size > 1, "without a seed every answer is the same");
});

Deno.test("LlamaEngine ends at a stop string, which is no part of the text", async () => {
  await using test = await TestEngine.load();
  const whole = await test.chat("Count to five.");
  const cut = await test.chat("Count to five.", { stop: ["four", "three"] });
  assert.equal(cut.text, "one, two, ");
  assert.equal(cut.finishReason, "stop");
  assert.ok(cut.usage.completion_tokens < whole.usage.completion_tokens);
});

Deno.test("LlamaEngine gives what it held back for a stop string that never came", async () => {
  await using test = await TestEngine.load();
  const { text, finishReason } = await test.chat("Count to five.", { stop: ["five. And six"] });
  assert.equal(text, "one, two, three, four, five.");
  assert.equal(finishReason, "stop");
});

Deno.test("LlamaEngine ends at max_tokens with length", async () => {
  await using test = await TestEngine.load();
  const whole = await test.chat(STORY);
  const cut = await test.chat(STORY, { maxTokens: 7 });
  assert.equal(cut.finishReason, "length");
  assert.equal(cut.usage.completion_tokens, 7);
  assert.ok(whole.text.startsWith(cut.text));
});

Deno.test("LlamaEngine ends at the end of the context with length, and shifts nothing", async () => {
  const whole = await askFresh(STORY);
  await using test = await TestEngine.load({ context: 32, parallel: 2 });
  const cut = await test.chat(STORY);
  assert.equal(cut.finishReason, "length");
  assert.equal(cut.usage.prompt_tokens + cut.usage.completion_tokens, 32);
  assert.ok(whole.startsWith(cut.text));
});

Deno.test("LlamaEngine takes a prompt that leaves room for one token", async () => {
  await using test = await TestEngine.load({ context: 12 });
  const { usage, finishReason } = await test.chat(STORY);
  assert.deepEqual(usage, { prompt_tokens: 11, completion_tokens: 1, cached_tokens: 0 });
  assert.equal(finishReason, "length");
});

Deno.test("LlamaEngine refuses a prompt that does not fit, with the numbers", async () => {
  await using test = await TestEngine.load({ context: 11, parallel: 1 });
  await assert.rejects(test.chat(STORY), {
    name: "RbeeError",
    code: "context_length_exceeded",
    message:
      "The prompt has 11 tokens and the context 11; shorten it, or start the worker with a larger --context",
    details: { prompt_tokens: 11, context: 11 },
  });
  await assert.rejects(test.ask({ prompt: "bee ".repeat(5000) }), {
    code: "context_length_exceeded",
  });
  // It took no slot, of which there is one.
  assert.equal((await test.ask({ prompt: "Luna", maxTokens: 1 })).usage.prompt_tokens > 0, true);
});

Deno.test("LlamaEngine stops generating as soon as it is aborted, and frees its slot", async () => {
  await using test = await TestEngine.load({ parallel: 1 });
  const abort = new AbortController();
  const reason = new Error("cancelled");
  const pieces: string[] = [];
  const asking = test.chat(STORY, {
    signal: abort.signal,
    onText: (piece) => {
      if (pieces.push(piece) === 3) abort.abort(reason);
    },
  });
  await assert.rejects(asking, reason);
  assert.equal(pieces.length, 3);
  assert.equal((await test.chat("Count to five.")).text, "one, two, three, four, five.");
});

Deno.test("LlamaEngine stops reading a long prompt as soon as it is aborted, and frees its slot", async () => {
  await using test = await TestEngine.load({ context: 4096, parallel: 1 });
  const prompt = "bee ".repeat(4000);
  const { signal, reason, looks } = abortAtLook(4);
  const asking = test.ask({
    prompt,
    signal,
    onText: () => assert.fail("it answered before it had read the prompt"),
  });
  await assert.rejects(within(asking, PATIENCE_MS), reason);
  assert.equal(looks(), 4, "it went on after the abort");
  assert.equal((await test.chat("Count to five.")).text, "one, two, three, four, five.");
});

Deno.test("LlamaEngine looks for an abort many times while it reads a long prompt", async () => {
  await using test = await TestEngine.load({ context: 4096, parallel: 1 });
  const { signal, looks } = abortAtLook(Infinity);
  const { usage } = await test.ask({ prompt: "bee ".repeat(4000), maxTokens: 1, signal });
  assert.ok(usage.prompt_tokens > 4000);
  assert.ok(looks() >= 10, `it looked ${looks()} times`);
});

Deno.test("LlamaEngine lets a request leave that waits for a slot", async () => {
  await using test = await TestEngine.load({ parallel: 1 });
  const abort = new AbortController();
  const reason = new Error("cancelled");
  const second = Promise.withResolvers<unknown>();
  await test.chat(STORY, {
    onText: () => {
      if (abort.signal.aborted) return;
      test.chat(STORY, { signal: abort.signal }).then(second.reject, second.resolve);
      abort.abort(reason);
    },
  });
  assert.equal(await second.promise, reason);
  assert.equal((await test.chat("Count to five.")).text, "one, two, three, four, five.");
});

Deno.test("LlamaEngine refuses a request that is aborted before it begins", async () => {
  await using test = await TestEngine.load();
  const reason = new Error("too late");
  const asking = test.chat(STORY, {
    signal: AbortSignal.abort(reason),
    onText: () => assert.fail("it answered"),
  });
  await assert.rejects(asking, reason);
});

Deno.test("LlamaEngine answers as a fresh one does when it shares a prefix with an earlier request", async () => {
  const questions = [
    STORY,
    "Tell me a story about Bruno.",
    "Tell me a story about Luna. Count to five.",
    "Count to five.",
    STORY,
    STORY,
  ];
  await using test = await TestEngine.load({ parallel: 1 });
  for (const [index, question] of questions.entries()) {
    const { text } = await test.chat(question);
    assert.equal(text, await askFresh(question, { parallel: 1 }), `question ${index}: ${question}`);
  }
});

Deno.test("LlamaEngine answers as a fresh one does after a request that was cut off", async () => {
  await using test = await TestEngine.load({ parallel: 1 });
  const expected = await askFresh(STORY, { parallel: 1 });
  for (const cut of [{ maxTokens: 3 }, { stop: [","] }, { maxTokens: 1 }]) {
    await test.chat(STORY, cut);
    assert.equal((await test.chat(STORY)).text, expected, JSON.stringify(cut));
  }
  const { signal } = abortAtLook(9);
  await assert.rejects(test.chat(STORY, { signal }));
  assert.equal((await test.chat(STORY)).text, expected);
});

Deno.test("LlamaEngine completes an empty prompt from the model's first token", async () => {
  await using test = await TestEngine.load();
  const { usage } = await test.ask({ prompt: "", maxTokens: 3 });
  assert.equal(usage.prompt_tokens, 1);
});

Deno.test("TokenText gives back every text that a real model's tokens stand for", async () => {
  const llama = await startLlama("cpu", () => {});
  const { path } = await findModelFile(DEMO_MODEL);
  const model = await llama.loadModel({ modelPath: path });
  try {
    const texts = [
      "Once upon a time, a curious bee named Luna lived in a field of clover.",
      "naïve café, ßtraße; 蜂と花; \u{1f41d}\u{1f33c} \u{1f469}\u200d\u{1f680}",
      "  two  spaces\n\nand lines\n",
    ];
    for (const text of texts) {
      const tokenText = new TokenText((tokens: readonly Token[], before) =>
        model.detokenize(tokens, false, before)
      );
      const before = model.tokenize("Luna:");
      before.forEach((token) => tokenText.push(token));
      const pieces = model.tokenize(text, false, "trimLeadingSpace")
        .map((token) => tokenText.push(token));
      assert.equal(pieces.join("") + tokenText.flush(), text);
    }
  } finally {
    await model.dispose();
    await llama.dispose();
  }
});
