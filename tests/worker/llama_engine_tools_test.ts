import assert from "node:assert/strict";
import type { LlamaModel } from "node-llama-cpp";
import type { ToolCall } from "../../src/contracts/tool.ts";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import type { Generation } from "../../src/worker/engine.ts";
import { startLlama } from "../../src/worker/llama_backend.ts";
import { LlamaEngine } from "../../src/worker/llama_engine.ts";
import { PromptTokens } from "../../src/worker/prompt_tokens.ts";
import { stayAwake } from "../helpers/stay_awake.ts";

stayAwake();

// As Hermes' and Qwen's models have it, in short.
const HERMES = "{% if tools %}<tools>{% for t in tools %}{{ t | tojson }}{% endfor %}</tools>" +
  "Call as <tool_call>{json}</tool_call>{% endif %}" +
  "{% for m in messages %}<|user|>{{ m.role }}:{{ m.content }}" +
  "{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}" +
  "<|end|>{% endfor %}<|assistant|>";
const STOP = { type: "function" as const, function: { name: "stop" } };
const CALL = { id: "a", type: "function" as const, function: { name: "stop", arguments: "{}" } };

/** The demo model with another template. */
async function withTemplate<T>(
  template: string,
  work: (
    engine: LlamaEngine,
    prompt: (generation: Partial<Generation>) => string,
    model: LlamaModel,
  ) => Promise<T>,
): Promise<T> {
  const llama = await startLlama("cpu", () => {});
  const model = await llama.loadModel({ modelPath: (await findModelFile(DEMO_MODEL)).path });
  Object.assign(model.fileInfo.metadata.tokenizer, { chat_template: template });
  const context = await model.createContext({ contextSize: 512, sequences: 1, threads: 1 });
  const engine = new LlamaEngine(model, context);
  const prompts = new PromptTokens(model);
  try {
    return await work(
      engine,
      (generation) =>
        model.detokenize(prompts.of({ ...generation, stop: [] } as unknown as Generation), true),
      model,
    );
  } finally {
    await engine.close();
  }
}

Deno.test("LlamaEngine writes tools, calls and results by a template that knows them", () =>
  withTemplate(HERMES, (_engine, prompt) => {
    const messages = [
      { role: "user" as const, content: "Stop!" },
      { role: "assistant" as const, content: "", tool_calls: [CALL] },
      { role: "tool" as const, content: "done", tool_call_id: "a" },
    ];
    const text = prompt({ messages, tools: [STOP] });
    assert.match(text, /<tools>\{"type": "function", "function": \{"name": "stop"\}\}<\/tools>/);
    assert.match(text, /<tool_call>\{"name": "stop", "arguments": \{\}\}<\/tool_call>/);
    assert.match(text, /tool:done/);
    assert.ok(!text.includes("Functions:"));
    assert.ok(!prompt({ messages, tools: [STOP], toolChoice: "none" }).includes("<tools>"));
    return Promise.resolve();
  }));

Deno.test("LlamaEngine forces a call in the marks that the template teaches", () =>
  withTemplate(HERMES, async (engine) => {
    let calls: ToolCall[] = [];
    let text = "";
    const { finishReason, usage } = await engine.generate({
      messages: [{ role: "user", content: "Stop!" }],
      tools: [STOP],
      toolChoice: "required",
      maxTokens: 200,
      temperature: 0,
      stop: [],
      signal: new AbortController().signal,
      onText: (piece) => text += piece,
      onToolCalls: (all) => calls = all,
    });
    assert.deepEqual([finishReason, text], ["tool_calls", ""]);
    assert.deepEqual(calls.map((call) => call.function), [{ name: "stop", arguments: "{}" }]);
    // The marks alone are more tokens of this model than the call without them.
    assert.ok(usage.completion_tokens > 35, String(usage.completion_tokens));
  }));

Deno.test("LlamaEngine refuses to generate with a model that is made for vectors alone", () =>
  withTemplate(HERMES, async (_engine, _prompt, model) => {
    Object.assign(model.fileInfo.architectureMetadata, { attention: { causal: false } });
    const context = await model.createContext({ contextSize: 64, sequences: 1, threads: 1 });
    const generation = {
      prompt: "Luna",
      maxTokens: 1,
      temperature: 0,
      stop: [],
      signal: new AbortController().signal,
      onText: () => {},
    };
    await assert.rejects(new LlamaEngine(model, context).generate(generation), {
      code: "unsupported",
      message: /^The engine cannot do "infer": this model makes vectors alone; /,
    });
    await context.dispose();
  }));

Deno.test("LlamaEngine writes tools as a text where the template knows none", () =>
  withTemplate("{% for m in messages %}<|user|>{{ m.content }}<|end|>{% endfor %}", (_, prompt) => {
    const text = prompt({ messages: [{ role: "user", content: "Stop!" }], tools: [STOP] });
    assert.match(text, /Functions:\n\{"name":"stop"\}\nTo call one, answer <tool_call>/);
    return Promise.resolve();
  }));
