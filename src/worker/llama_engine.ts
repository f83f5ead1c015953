import {
  type LlamaContext,
  type LlamaContextSequence,
  type LlamaGrammar,
  LlamaGrammarEvaluationState,
  type LlamaModel,
  type Token,
} from "node-llama-cpp";
import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import { narratePlace } from "../jobs/waiting_line.ts";
import { narrate } from "../narration/narrate.ts";
import { answerGrammar, isForced } from "./answer_grammar.ts";
import { AnswerText } from "./answer_text.ts";
import type { Embedding, EmbeddingResult, Engine, Generation, GenerationResult } from "./engine.ts";
import { LlamaEmbedder } from "./llama_embedder.ts";
import { Lockstep, type LockstepMember } from "./lockstep.ts";
import { PromptTokens } from "./prompt_tokens.ts";
import { knownTokens, readPrompt } from "./read_prompt.ts";
import { samplingOptions } from "./sampling.ts";
import { TokenText } from "./token_text.ts";
import { unsupported } from "./unsupported.ts";

/** What is made of a request before it gets a slot. */
interface Prepared {
  tokens: Token[];
  grammar: LlamaGrammar | undefined;
  /** How many tokens the answer may have. */
  most: number;
}

/** llama.cpp in this process: one model, one context, one sequence a slot. */
export class LlamaEngine implements Engine {
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #slots: SlotQueue<LlamaContextSequence>;
  readonly #prompts: PromptTokens;
  readonly #embedder: LlamaEmbedder;
  readonly #lockstep = new Lockstep();
  /** Told how long each request for text has waited for its slot, in seconds. */
  onWaited: ((seconds: number) => void) | undefined;

  constructor(model: LlamaModel, context: LlamaContext) {
    this.#model = model;
    this.#context = context;
    this.#prompts = new PromptTokens(model, { contextSize: context.contextSize });
    this.#embedder = new LlamaEmbedder(model, {
      contextSize: context.contextSize,
      threads: context.currentThreads,
    });
    const sequences: LlamaContextSequence[] = [];
    while (context.sequencesLeft > 0) sequences.push(context.getSequence());
    this.#slots = new SlotQueue(sequences);
  }

  async generate(generation: Generation): Promise<GenerationResult> {
    const prepared = await this.#prepare(generation);
    const sinceMs = performance.now();
    const sequence = await this.#slots.acquire({
      signal: generation.signal,
      onPlace: narratePlace(),
      worth: ({ contextTokens }) => knownTokens(contextTokens, prepared.tokens),
    });
    this.onWaited?.((performance.now() - sinceMs) / 1000);
    const member = this.#lockstep.join();
    try {
      return await this.#run({ sequence, member }, generation, prepared);
    } finally {
      member.leave();
      this.#slots.release(sequence);
    }
  }

  async embed(embedding: Embedding): Promise<EmbeddingResult> {
    return await this.#embedder.embed(embedding);
  }

  async close(): Promise<void> {
    await this.#embedder.close();
    await this.#context.dispose();
    await this.#model.dispose();
    await this.#model.llama.dispose();
    // The package lets go of its threads in a timer of 0 ms, which would outlive what it belongs to.
    await delay(0);
  }

  async #prepare(generation: Generation): Promise<Prepared> {
    if (this.#model.fileInfo.architectureMetadata?.attention?.causal === false) {
      throw unsupported("infer", "this model makes vectors alone; ask for embed, or another model");
    }
    const tokens = this.#prompts.of(generation);
    const { contextSize } = this.#context;
    const room = contextSize - tokens.length;
    if (room < 1) {
      throw new RbeeError(
        "context_length_exceeded",
        `The prompt has ${tokens.length} tokens and the context ${contextSize}; shorten it, or start the worker with a larger --context`,
        { details: { prompt_tokens: tokens.length, context: contextSize } },
      );
    }
    const grammar = await answerGrammar(this.#model.llama, generation, {
      tagged: this.#prompts.tagsCalls,
    });
    return { tokens, grammar, most: Math.min(generation.maxTokens, room) };
  }

  async #run(
    { sequence, member }: { sequence: LlamaContextSequence; member: LockstepMember },
    generation: Generation,
    { tokens, grammar, most }: Prepared,
  ): Promise<GenerationResult> {
    const model = this.#model;
    const { signal } = generation;
    const answered: Token[] = [];
    const sampling = samplingOptions(model, generation, { answered, most });
    const { batchSize } = this.#context;
    const { rest, cached } = await readPrompt(sequence, tokens, {
      batchSize,
      signal,
      member,
    });
    member.generates();
    const text = new TokenText((held, before) => model.detokenize(held, false, before));
    const answer = new AnswerText(generation);
    let isCut = false;
    const evaluation = sequence.evaluate(rest, {
      ...sampling,
      ...(grammar &&
        { grammarEvaluationState: new LlamaGrammarEvaluationState({ model, grammar }) }),
    });
    for await (const token of evaluation) {
      signal.throwIfAborted();
      answered.push(token);
      answer.push(text.push(token));
      if (answer.stopped) break;
      if (answered.length >= most) {
        isCut = true;
        break;
      }
      await member.next();
    }
    signal.throwIfAborted();
    answer.push(text.flush());
    const calls = answer.end();
    if (!calls && isForced(generation)) {
      narrate("tool_call", `The call was not whole after ${answered.length} tokens`, {
        level: "warn",
      });
    }
    return {
      usage: {
        prompt_tokens: tokens.length,
        completion_tokens: answered.length,
        cached_tokens: cached,
      },
      finishReason: calls ? "tool_calls" : isCut ? "length" : "stop",
    };
  }
}
