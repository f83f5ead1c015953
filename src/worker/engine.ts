import type { FinishReason, Usage } from "../contracts/job_event.ts";
import type { ChatMessage } from "../contracts/operation.ts";

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
  seed?: number | undefined;
  /** Texts at which the answer ends; they are not part of it. */
  stop: readonly string[];
  /** Gets each piece of the answer in order. */
  onText(text: string): void;
  /** Ends the generation between two tokens, or between two steps of reading the prompt. */
  signal: AbortSignal;
}

/** How a generation ended. */
export interface GenerationResult {
  usage: Usage;
  finishReason: FinishReason;
}

/** A loaded model that answers several requests at once. */
export interface Engine {
  /**
   * Generates text. Requests beyond the number of slots wait, first come first served.
   *
   * @throws {RbeeError} `context_length_exceeded` If the prompt does not fit. Nothing is ever cut off
   * it, and the context is never shifted: an answer that reaches its end finishes with `length`.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  generate(generation: Generation): Promise<GenerationResult>;
  /** Frees the model and the engine itself. Running generations must have ended. */
  close(): Promise<void>;
}
