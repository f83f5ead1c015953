import type { ChatMessage } from "../contracts/chat_message.ts";
import type { FinishReason, Usage } from "../contracts/job_event.ts";
import type { ResponseFormat } from "../contracts/sampling.ts";
import type { Tool, ToolCall, ToolChoice } from "../contracts/tool.ts";

/** One request for text. */
export interface Generation {
  /** Completed as it stands. */
  prompt?: string | undefined;
  /** Put through the model's chat template. */
  messages?: readonly ChatMessage[] | undefined;
  maxTokens: number;
  temperature: number;
  topP?: number | undefined;
  topK?: number | undefined;
  minP?: number | undefined;
  /** Taken from a token's logit for each time that it is in the answer already. */
  frequencyPenalty?: number | undefined;
  /** Taken from a token's logit if it is in the answer already. */
  presencePenalty?: number | undefined;
  /** Added to the logits of tokens, by their number in the vocabulary. */
  logitBias?: Readonly<Record<string, number>> | undefined;
  seed?: number | undefined;
  /** Texts at which the answer ends; they are not part of it. */
  stop: readonly string[];
  /** Which text the answer may be; any by default. */
  responseFormat?: ResponseFormat | undefined;
  /** What the model may call. */
  tools?: readonly Tool[] | undefined;
  /** Default: `auto`. */
  toolChoice?: ToolChoice | undefined;
  /** Whether the answer may hold several calls. Default: true. */
  parallelToolCalls?: boolean | undefined;
  /** Gets each piece of the answer's text in order. */
  onText(text: string): void;
  /** Gets the answer's calls, once and after all text, if there are any. */
  onToolCalls?: ((calls: ToolCall[]) => void) | undefined;
  /** Ends the generation between two tokens, or between two steps of reading the prompt. */
  signal: AbortSignal;
}

/** How a generation ended. */
export interface GenerationResult {
  usage: Usage;
  finishReason: FinishReason;
}

/** Texts to turn into vectors. */
export interface Embedding {
  texts: readonly string[];
  /** Ends the work between two texts. */
  signal: AbortSignal;
}

/** The vectors of texts, in their order, each of length 1. */
export interface EmbeddingResult {
  vectors: number[][];
  promptTokens: number;
}

/** A loaded model that answers several requests at once. */
export interface Engine {
  /**
   * Generates text. Requests beyond the number of slots wait, first come first served; of several free
   * slots a request gets the one that knows the most of its prompt from an earlier request.
   *
   * @throws {RbeeError} `context_length_exceeded` If the prompt does not fit. Nothing is ever cut off
   * it, and the context is never shifted: an answer that reaches its end finishes with `length`.
   * @throws {RbeeError} `unsupported` If a parameter cannot be done.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  generate(generation: Generation): Promise<GenerationResult>;
  /**
   * Turns texts into vectors, one text and one request at a time, first come first served.
   *
   * @throws {RbeeError} `context_length_exceeded` If a text does not fit.
   * @throws {RbeeError} `unsupported` If the model cannot do it.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  embed(embedding: Embedding): Promise<EmbeddingResult>;
  /** Frees the model and the engine itself. Running work must have ended. */
  close(): Promise<void>;
}
