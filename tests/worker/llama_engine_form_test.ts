import assert from "node:assert/strict";
import type { ToolCall } from "../../src/contracts/tool.ts";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import type { Generation } from "../../src/worker/engine.ts";
import type { LlamaEngine } from "../../src/worker/llama_engine.ts";
import { loadEngine } from "../../src/worker/load_engine.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { stayAwake } from "../helpers/stay_awake.ts";

stayAwake();

const NEVER = new AbortController().signal;
const STORY = "Tell me a story about Luna.";
const WEATHER = {
  type: "function" as const,
  function: {
    name: "get_weather",
    description: "Tells the weather",
    parameters: {
      type: "object",
      properties: { city: { enum: ["Rome", "Oslo"] }, days: { type: "integer" } },
      required: ["city", "days"],
    },
  },
};
const STOP = { type: "function" as const, function: { name: "stop" } };

async function withEngine<T>(work: (engine: LlamaEngine) => Promise<T>): Promise<T> {
  const file = await findModelFile(DEMO_MODEL);
  const options = { context: 1024, parallel: 1 };
  const engine = await loadEngine(file, { device: "cpu", memoryCheck: true, options }, () => {});
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

async function ask(engine: LlamaEngine, generation: Partial<Generation>) {
  let text = "";
  let calls: ToolCall[] = [];
  const result = await engine.generate({
    messages: [{ role: "user", content: STORY }],
    maxTokens: 700,
    temperature: 0,
    stop: [],
    signal: NEVER,
    onText: (piece) => text += piece,
    onToolCalls: (all) => calls = all,
    ...generation,
  });
  return { ...result, text, calls };
}

const schemaFormat = (schema: Record<string, never> | object, strict = false) => ({
  type: "json_schema" as const,
  json_schema: { schema: schema as Record<string, string>, strict },
});

Deno.test("LlamaEngine answers with JSON that fits a schema, at every seed", () =>
  withEngine(async (engine) => {
    const responseFormat = schemaFormat({
      type: "object",
      properties: {
        who: { type: "string" },
        age: { type: "integer" },
        mood: { enum: ["glad", "sad"] },
        friend: { anyOf: [{ type: "null" }, { $ref: "#/$defs/friend" }] },
      },
      required: ["who", "age", "mood", "friend"],
      $defs: {
        friend: { type: "object", properties: { who: { type: "boolean" } }, required: ["who"] },
      },
    });
    for (const seed of [1, 2, 3, 4]) {
      const { text, finishReason } = await ask(engine, { responseFormat, temperature: 1, seed });
      assert.equal(finishReason, "stop", text);
      const value = JSON.parse(text);
      assert.deepEqual(Object.keys(value), ["who", "age", "mood", "friend"]);
      assert.equal(typeof value.who, "string");
      assert.ok(Number.isInteger(value.age), text);
      assert.ok(["glad", "sad"].includes(value.mood));
      assert.ok(value.friend === null || typeof value.friend.who === "boolean");
    }
  }));

Deno.test("LlamaEngine answers with a JSON object where any will do, unless it is cut", () =>
  withEngine(async (engine) => {
    const responseFormat = { type: "json_object" as const };
    const { text, finishReason } = await ask(engine, { responseFormat });
    assert.equal(finishReason, "stop");
    const value = JSON.parse(text);
    assert.ok(typeof value === "object" && value !== null && !Array.isArray(value));
    const cut = await ask(engine, { responseFormat, maxTokens: 3 });
    assert.equal(cut.finishReason, "length");
    assert.equal(cut.text, text.slice(0, cut.text.length));
  }));

Deno.test("LlamaEngine says which keywords of a schema it does not hold, and refuses them if strict", () =>
  withEngine(async (engine) => {
    const schema = { type: "object", properties: { n: { type: "integer", minimum: 5 } } };
    using said = new RecordedNarration();
    const { text } = await ask(engine, { responseFormat: schemaFormat(schema) });
    assert.deepEqual(Object.keys(JSON.parse(text)), ["n"]);
    const [record] = said.records.filter(({ action }) => action === "schema");
    assert.equal(
      record?.human,
      "The answer is not held to these keywords of its schema: minimum",
    );
    await assert.rejects(ask(engine, { responseFormat: schemaFormat(schema, true) }), {
      code: "unsupported",
      message: /^The engine cannot do "response_format": no grammar holds minimum; /,
      details: { field: "response_format" },
    });
  }));

Deno.test("LlamaEngine refuses a strict schema that it may break, and any that nothing fits", () =>
  withEngine(async (engine) => {
    const within = (a: object) => ({
      type: "object",
      properties: { a },
      required: ["a"],
      additionalProperties: false,
    });
    const impossible = [
      within({ type: "integer", enum: [1, 2, 3], minimum: 4 }),
      within({ type: "string", minLength: 30, maxLength: 3 }),
      { ...within({ type: "boolean" }), maxProperties: 0 },
      { type: "integer", const: "x" },
    ];
    for (const schema of impossible) {
      for (const strict of [true, false]) {
        await assert.rejects(ask(engine, { responseFormat: schemaFormat(schema, strict) }), {
          code: "unsupported",
          message: /no value that has an end fits the schema$/,
          details: { field: "response_format" },
        });
      }
    }
    const loose = [
      { type: "object", properties: { a: { type: "boolean" } }, minProperties: 3 },
      { type: "integer", minimum: 1e17 },
    ];
    for (const schema of loose) {
      await assert.rejects(ask(engine, { responseFormat: schemaFormat(schema, true) }), {
        code: "unsupported",
        message: /no grammar holds min\w+; leave it out/,
      });
    }
  }));

Deno.test("LlamaEngine holds what stands beside a reference and in several parts", () =>
  withEngine(async (engine) => {
    const $defs = { s: { type: "string" } };
    const answer = async (schema: object) => {
      const { text } = await ask(engine, {
        responseFormat: schemaFormat({ ...schema, $defs }, true),
      });
      return JSON.parse(text);
    };
    assert.ok((await answer({ $ref: "#/$defs/s", maxLength: 2 })).length <= 2);
    const lengths = [{ type: "string", maxLength: 3 }, { type: "string", maxLength: 300 }];
    assert.ok((await answer({ allOf: lengths })).length <= 3);
    assert.ok(["a", "b"].includes(await answer({ type: ["string", "null"], enum: ["a", "b", 7] })));
    const either = (...values: number[]) => ({ anyOf: values.map((value) => ({ const: value })) });
    assert.equal(await answer({ allOf: [either(1, 2), either(2, 3)] }), 2);
  }));

Deno.test("LlamaEngine makes no number that a double does not hold", () =>
  withEngine(async (engine) => {
    const schema = {
      type: "array",
      items: { type: ["integer", "number"] },
      minItems: 8,
      maxItems: 8,
    };
    for (const seed of [1, 2, 3, 4]) {
      const responseFormat = schemaFormat(schema);
      const { text } = await ask(engine, { responseFormat, temperature: 2, seed });
      for (const number of JSON.parse(text)) assert.ok(Math.abs(number) < 1e26, text);
    }
  }));

Deno.test("LlamaEngine refuses a prompt that is far too long without making tokens of it", () =>
  withEngine(async (engine) => {
    const text = "x".repeat(7 << 20);
    const wanted = {
      code: "context_length_exceeded",
      message: /^The prompt has at least \d+ tokens/,
    };
    await assert.rejects(ask(engine, { messages: [{ role: "user", content: text }] }), wanted);
    await assert.rejects(ask(engine, { messages: undefined, prompt: text }), wanted);
    await assert.rejects(engine.embed({ texts: ["a", text], signal: NEVER }), {
      code: "context_length_exceeded",
      message: /^Text 2 of the input has at least \d+ tokens/,
    });
  }));

Deno.test("LlamaEngine refuses to force a call whose arguments can be no object", () =>
  withEngine(async (engine) => {
    const parameters = { $ref: "#/$defs/a", $defs: { a: { type: "string" } } };
    const tools = [{ type: "function" as const, function: { name: "stop", parameters } }];
    await assert.rejects(ask(engine, { tools, toolChoice: "required" }), {
      code: "unsupported",
      details: { field: "tools" },
    });
  }));

Deno.test("LlamaEngine calls a function where one is required, with arguments that fit", () =>
  withEngine(async (engine) => {
    for (const seed of [1, 2, 3]) {
      const { calls, text, finishReason } = await ask(engine, {
        tools: [WEATHER, STOP],
        toolChoice: "required",
        temperature: 1,
        seed,
        // What could end a text in the middle of the call does not.
        stop: ['"'],
      });
      assert.equal(finishReason, "tool_calls");
      assert.equal(text, "");
      assert.equal(calls.length, 1);
      const { id, type, function: called } = calls[0]!;
      assert.match(id, /^\w{9}$/);
      assert.equal(type, "function");
      const value = JSON.parse(called.arguments);
      if (called.name === "stop") assert.deepEqual(value, {});
      else {
        assert.equal(called.name, "get_weather");
        assert.ok(["Rome", "Oslo"].includes(value.city));
        assert.ok(Number.isInteger(value.days));
      }
    }
  }));

Deno.test("LlamaEngine calls the function that is named", () =>
  withEngine(async (engine) => {
    const named = (name: string) => ({ type: "function" as const, function: { name } });
    for (const name of ["stop", "get_weather"]) {
      const { calls } = await ask(engine, { tools: [WEATHER, STOP], toolChoice: named(name) });
      assert.deepEqual(calls.map((call) => call.function.name), [name]);
    }
  }));

Deno.test("LlamaEngine gives neither a call nor a text where a call was cut, and says so", () =>
  withEngine(async (engine) => {
    using said = new RecordedNarration();
    const cut = await ask(engine, { tools: [WEATHER], toolChoice: "required", maxTokens: 4 });
    assert.deepEqual([cut.finishReason, cut.text, cut.calls], ["length", "", []]);
    const [record] = said.records.filter(({ action }) => action === "tool_call");
    assert.equal(record?.human, "The call was not whole after 4 tokens");
  }));

Deno.test("LlamaEngine answers with text where tools may be called and are not", () =>
  withEngine(async (engine) => {
    const plain = await ask(engine, {});
    const none = await ask(engine, { tools: [WEATHER], toolChoice: "none" });
    assert.deepEqual([none.text, none.usage.prompt_tokens], [
      plain.text,
      plain.usage.prompt_tokens,
    ]);
    const auto = await ask(engine, { tools: [STOP] });
    assert.equal(auto.finishReason, "stop");
    assert.ok(auto.text.length > 0 && auto.usage.prompt_tokens > plain.usage.prompt_tokens);
    assert.deepEqual(auto.calls, []);
  }));

Deno.test("LlamaEngine refuses JSON where the answer may be a call", () =>
  withEngine(async (engine) => {
    await assert.rejects(
      ask(engine, { tools: [STOP], responseFormat: { type: "json_object" } }),
      { code: "unsupported", details: { field: "response_format" } },
    );
  }));

Deno.test("LlamaEngine holds penalties, min_p and the bias of a token", () =>
  withEngine(async (engine) => {
    const plain = await ask(engine, { maxTokens: 60 });
    const repeats = (text: string) => {
      const words = text.split(/\s+/);
      return words.length - new Set(words).size;
    };
    for (const penalty of [{ frequencyPenalty: 2 }, { presencePenalty: 2 }]) {
      const penalised = await ask(engine, { maxTokens: 60, ...penalty });
      assert.notEqual(penalised.text, plain.text);
      assert.ok(repeats(penalised.text) < repeats(plain.text), penalised.text);
    }
    // What is less likely than the likeliest is left out.
    const only = await ask(engine, { maxTokens: 60, minP: 1, temperature: 2, seed: 1 });
    assert.equal(only.text, plain.text);
    const anyWay = await ask(engine, { maxTokens: 60, temperature: 2, seed: 1 });
    assert.notEqual(anyWay.text, plain.text);
    const bias = await ask(engine, { maxTokens: 4, logitBias: { "300": 100 } });
    assert.ok(/^(.+?)\1{3}$/.test(bias.text), bias.text);
    for (const token of ["768", "5"]) {
      await assert.rejects(ask(engine, { logitBias: { [token]: 1 } }), {
        code: "unsupported",
        details: { field: "logit_bias" },
      });
    }
  }));
