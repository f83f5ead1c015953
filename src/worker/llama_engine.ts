import type { LlamaContext, LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import { narratePlace } from "../jobs/waiting_line.ts";
import { narrate } from "../narration/narrate.ts";
import { renderChat } from "./chat_prompt.ts";
import { chatTokens } from "./chat_tokens.ts";
import type { Engine, Generation, GenerationResult } from "./engine.ts";
import { StopFilter } from "./stop_filter.ts";
import { TokenText } from "./token_text.ts";

const FIRST_STEP_TOKENS = 32;
const STEP_TARGET_MS = 100;
const PROGRESS_EVERY_MS = 2000;
const MAX_SEED = 4_294_967_294;

/** llama.cpp in this process: one model, one context, one sequence a slot. */
export class LlamaEngine implements Engine {
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #slots: SlotQueue<LlamaContextSequence>;

  constructor(model: LlamaModel, context: LlamaContext) {
    this.#model = model;
    this.#context = context;
    const sequences: LlamaContextSequence[] = [];
    while (context.sequencesLeft > 0) sequences.push(context.getSequence());
    this.#slots = new SlotQueue(sequences);
  }

  async generate(generation: Generation): Promise<GenerationResult> {
    const tokens = this.#tokenize(generation);
    const room = this.#context.contextSize - tokens.length;
    if (room < 1) {
      throw new RbeeError(
        "context_length_exceeded",
        `The prompt has ${tokens.length} tokens and the context ${this.#context.contextSize}; shorten it, or start the worker with a larger --context`,
        { details: { prompt_tokens: tokens.length, context: this.#context.contextSize } },
      );
    }
    const sequence = await this.#slots.acquire({
      signal: generation.signal,
      onPlace: narratePlace(),
    });
    try {
      return await this.#run(sequence, tokens, generation, room);
    } finally {
      this.#slots.release(sequence);
    }
  }

  async close(): Promise<void> {
    await this.#context.dispose();
    await this.#model.dispose();
    await this.#model.llama.dispose();
    // The package lets go of its threads in a timer of 0 ms, which would outlive what it belongs to.
    await delay(0);
  }

  async #run(
    sequence: LlamaContextSequence,
    tokens: Token[],
    generation: Generation,
    room: number,
  ): Promise<GenerationResult> {
    const { signal, onText } = generation;
    const last = await this.#readPrompt(sequence, tokens, signal);
    const maxTokens = Math.min(generation.maxTokens, room);
    const text = new TokenText((held, before) => this.#model.detokenize(held, false, before));
    const filter = new StopFilter(generation.stop);
    const pass = (piece: string) => {
      const passed = filter.push(piece);
      if (passed !== "") onText(passed);
    };
    let count = 0;
    let finishReason: GenerationResult["finishReason"] = "stop";
    const evaluation = sequence.evaluate(last, {
      temperature: generation.temperature,
      ...(generation.topP === undefined ? {} : { topP: generation.topP }),
      ...(generation.topK === undefined ? {} : { topK: generation.topK }),
      seed: generation.seed ?? Math.floor(Math.random() * MAX_SEED),
    });
    for await (const token of evaluation) {
      signal.throwIfAborted();
      count++;
      pass(text.push(token));
      if (filter.stopped) break;
      if (count >= maxTokens) {
        finishReason = "length";
        break;
      }
    }
    signal.throwIfAborted();
    pass(text.flush());
    const held = filter.flush();
    if (held !== "") onText(held);
    return {
      usage: { prompt_tokens: tokens.length, completion_tokens: count },
      finishReason,
    };
  }

  /**
   * Brings the prompt into the sequence, in steps short enough that an abort is noticed soon, and
   * returns the tokens that are left for the first evaluation. What the sequence already holds of it
   * from an earlier request is not computed again.
   */
  async #readPrompt(
    sequence: LlamaContextSequence,
    tokens: Token[],
    signal: AbortSignal,
  ): Promise<Token[]> {
    // One token must be left to evaluate, for there to be a next one.
    const head = tokens.slice(0, -1);
    await sequence.adaptStateToTokens(head, false);
    let at = sequence.nextTokenIndex;
    let step = FIRST_STEP_TOKENS;
    let saidMs = performance.now();
    while (at < head.length) {
      signal.throwIfAborted();
      const startedMs = performance.now();
      const part = head.slice(at, at + step);
      await sequence.evaluateWithoutGeneratingNewTokens(part);
      at += part.length;
      const nowMs = performance.now();
      const tookMs = nowMs - startedMs;
      if (nowMs - saidMs >= PROGRESS_EVERY_MS) {
        saidMs = nowMs;
        narrate("prompt_read", `Read ${at} of ${tokens.length} tokens of the prompt`, {
          progress: { current: at, total: tokens.length, unit: "tokens" },
        });
      }
      if (tookMs < STEP_TARGET_MS) step = Math.min(step * 2, this.#context.batchSize);
      else step = Math.max(8, Math.floor(step / 2));
    }
    signal.throwIfAborted();
    return tokens.slice(at);
  }

  #tokenize(generation: Generation): Token[] {
    const model = this.#model;
    const { tokens: special } = model;
    const names = { bos: special.bosString ?? "", eos: special.eosString ?? "" };
    const template = model.fileInfo.metadata.tokenizer?.chat_template;
    const tokens = generation.messages === undefined
      ? model.tokenize(generation.prompt ?? "", false)
      : chatTokens({
        tokenize: (text, isSpecial) => model.tokenize(text, isSpecial),
        isSpecialToken: (token) => model.isSpecialToken(token),
        render: (messages) => renderChat(template, messages, names),
      }, generation.messages);
    const { bos } = special;
    if (special.shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
    if (tokens.length === 0) {
      throw new RbeeError("invalid_request", 'Field "prompt" is empty; give some text');
    }
    return tokens;
  }
}
