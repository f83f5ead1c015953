import type { Token } from "node-llama-cpp";

/** Turns tokens into text; `before` are those that precede them. */
export type Detokenize = (tokens: readonly Token[], before: readonly Token[]) => string;

// A character of UTF-8 has at most four bytes, each of which may be a token of its own.
const MAX_HELD_TOKENS = 4;
const CONTEXT_TOKENS = 8;

/**
 * Turns a row of tokens into text. A character whose bytes come in several tokens is held back until
 * it is whole.
 */
export class TokenText {
  readonly #detokenize: Detokenize;
  #before: Token[] = [];
  #held: Token[] = [];

  constructor(detokenize: Detokenize) {
    this.#detokenize = detokenize;
  }

  /** Takes the next token and returns the text that is now whole, which may be none. */
  push(token: Token): string {
    this.#held.push(token);
    const text = this.#detokenize(this.#held, this.#before);
    if (text.endsWith("\ufffd") && this.#held.length < MAX_HELD_TOKENS) return "";
    this.#take();
    return text;
  }

  /** Returns what is held back, when no more comes; bytes that are not a whole character are no text. */
  flush(): string {
    if (this.#held.length === 0) return "";
    const text = this.#detokenize(this.#held, this.#before);
    this.#take();
    return text.replace(/(?<!\ufffd)\ufffd+$/, "");
  }

  #take(): void {
    this.#before = [...this.#before, ...this.#held].slice(-CONTEXT_TOKENS);
    this.#held = [];
  }
}
