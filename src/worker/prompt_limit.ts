import type { LlamaModel } from "node-llama-cpp";
import { RbeeError } from "../base/rbee_error.ts";

// Below so many characters a token no vocabulary need be asked.
const USUAL_CHARACTERS = 16;

/**
 * Refuses texts that are far too long before they are tokenized, which would hold up everybody: a token
 * stands for no more characters than the longest in the vocabulary has.
 */
export class PromptLimit {
  readonly #model: LlamaModel;
  readonly #contextSize: number;
  #longest: number | undefined;

  /** @param contextSize How many tokens fit. */
  constructor(model: LlamaModel, contextSize: number) {
    this.#model = model;
    this.#contextSize = contextSize;
  }

  /**
   * Checks one text; what passes may be too long all the same.
   *
   * @param what What the text is, as the begin of a sentence.
   * @throws {RbeeError} `context_length_exceeded` If the text cannot fit, whatever tokens it makes.
   */
  check(text: string, { what, field }: { what: string; field?: string }): void {
    const context = this.#contextSize;
    if (text.length <= context * USUAL_CHARACTERS) return;
    // Some tokenizers make nothing of white space that follows white space.
    const { length } = text.replaceAll(/\s+/g, " ");
    const tokens = Math.ceil(length / (this.#longest ??= longestSpelling(this.#model)));
    if (tokens <= context) return;
    throw new RbeeError(
      "context_length_exceeded",
      `${what} has at least ${tokens} tokens and the context ${context}; shorten it, or start the worker with a larger --context`,
      { details: { ...(field !== undefined && { field }), prompt_tokens: tokens, context } },
    );
  }
}

/** How many characters the longest token has, with the space that may stand before it. */
function longestSpelling(model: LlamaModel): number {
  let longest = 1;
  for (const token of model.iterateAllTokens()) {
    longest = Math.max(longest, model.detokenize([token], true).length + 1);
  }
  return longest;
}
