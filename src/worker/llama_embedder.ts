import {
  InsufficientMemoryError,
  type LlamaEmbeddingContext,
  type LlamaModel,
} from "node-llama-cpp";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import { narratePlace } from "../jobs/waiting_line.ts";
import { narrate } from "../narration/narrate.ts";
import type { Embedding, EmbeddingResult } from "./engine.ts";
import { PromptLimit } from "./prompt_limit.ts";
import { unsupported } from "./unsupported.ts";

// An event of a job holds 16 Mi characters at most; a number takes up to 14 of them.
const MAX_NUMBERS = 1_000_000;
const DIGITS = 8;
const PROGRESS_EVERY_MS = 2000;

/**
 * Turns texts into vectors by a context of its own, which is made for the first request and kept. One
 * text and one request at a time, first come first served.
 */
export class LlamaEmbedder {
  readonly #model: LlamaModel;
  readonly #options: { contextSize: number; threads: number };
  readonly #limit: PromptLimit;
  readonly #turns = new SlotQueue([0]);
  #context: LlamaEmbeddingContext | undefined;

  constructor(model: LlamaModel, options: { contextSize: number; threads: number }) {
    this.#model = model;
    this.#options = options;
    this.#limit = new PromptLimit(model, options.contextSize);
  }

  /**
   * Gives a vector of length 1 for each text, in order.
   *
   * @throws {RbeeError} `context_length_exceeded` If a text does not fit; none is worked on then.
   * @throws {RbeeError} `unsupported` If the vectors together have more than 1,000,000 numbers.
   * @throws {RbeeError} `insufficient_memory` If there is no room for the context.
   * @throws {RbeeError} `unsupported` If the model cannot do it.
   * @throws {unknown} If `signal` aborts, which is noticed between two texts: its reason.
   */
  async embed({ texts, signal }: Embedding): Promise<EmbeddingResult> {
    const size = this.#model.embeddingVectorSize;
    if (texts.length * size > MAX_NUMBERS) {
      throw unsupported(
        "input",
        `${texts.length} vectors of ${size} numbers are too much for one answer; send at most ${
          Math.floor(MAX_NUMBERS / size)
        } texts at once`,
      );
    }
    const turn = await this.#turns.acquire({ signal, onPlace: narratePlace() });
    try {
      const context = this.#context ??= await this.#makeContext();
      texts.forEach((text, i) =>
        this.#limit.check(text, { what: `Text ${i + 1} of the input`, field: "input" })
      );
      const lengths = texts.map((text) => context.calculateInputLength(text));
      this.#checkLengths(lengths);
      const vectors: number[][] = [];
      let saidMs = performance.now();
      for (const text of texts) {
        signal.throwIfAborted();
        vectors.push(normalized((await context.getEmbeddingFor(text)).vector));
        const nowMs = performance.now();
        if (nowMs - saidMs < PROGRESS_EVERY_MS) continue;
        saidMs = nowMs;
        narrate("embed", `Made ${vectors.length} of ${texts.length} vectors`, {
          progress: { current: vectors.length, total: texts.length, unit: "vectors" },
        });
      }
      signal.throwIfAborted();
      return { vectors, promptTokens: lengths.reduce((sum, length) => sum + length, 0) };
    } finally {
      this.#turns.release(turn);
    }
  }

  /** Frees the context. Nothing may be under way. */
  async close(): Promise<void> {
    await this.#context?.dispose();
  }

  #checkLengths(lengths: readonly number[]): void {
    const { contextSize } = this.#options;
    const index = lengths.findIndex((length) => length >= contextSize);
    if (index === -1) return;
    throw new RbeeError(
      "context_length_exceeded",
      `Text ${index + 1} of the input has ${
        lengths[index]
      } tokens and the context ${contextSize}; shorten it, or start the worker with a larger --context`,
      { details: { field: "input", prompt_tokens: lengths[index]!, context: contextSize } },
    );
  }

  async #makeContext(): Promise<LlamaEmbeddingContext> {
    const { contextSize, threads } = this.#options;
    try {
      const context = await this.#model.createEmbeddingContext({
        contextSize,
        threads,
        // A model that reads in both directions must see a text in one piece.
        batchSize: contextSize,
      });
      narrate("embed_context", `Made a context of ${contextSize} tokens for vectors`, {
        fields: { context: contextSize },
      });
      return context;
    } catch (error) {
      if (error instanceof InsufficientMemoryError) {
        throw new RbeeError(
          "insufficient_memory",
          `There is no room for a context of ${contextSize} tokens for vectors; start the worker with a smaller --context`,
          { cause: error },
        );
      }
      throw unsupported("embed", `this model makes no vectors (${messageOf(error)})`, error);
    }
  }
}

/**
 * The same direction, of length 1, as clients of OpenAI's API expect it. Written with as many digits as
 * a number of 32 bits has.
 */
function normalized(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector) || 1;
  return vector.map((number) => Number((number / length).toPrecision(DIGITS)));
}
