import type { Usage } from "../contracts/job_event.ts";
import { narrate } from "../narration/narrate.ts";
import { addSpan } from "../tracing/spans.ts";
import { emitToken } from "./emit.ts";

/**
 * Writes one answer of a model into the job that runs here, piece by piece, and says at its end how
 * long it took. Says lengths, never text. Measures from when it is made.
 */
export class AnswerWriter {
  readonly #startedMs = performance.now();
  #firstMs: number | undefined;
  #pieces = 0;

  /** How many pieces were written. */
  get pieces(): number {
    return this.#pieces;
  }

  /** Notes that the model has made its first token, where that is no piece of the answer. */
  begin(): void {
    this.#firstMs ??= performance.now();
  }

  /** Writes the next piece. */
  write(text: string): void {
    this.begin();
    emitToken(text, this.#pieces++);
  }

  /** Adds the two parts of the answer to the trace in force: until its first token, and from then on. */
  endSpans(): void {
    const nowMs = performance.now();
    const at = (ms: number) => performance.timeOrigin + ms;
    const firstMs = this.#firstMs ?? nowMs;
    addSpan("prompt_evaluation", { from: at(this.#startedMs), to: at(firstMs) });
    if (this.#firstMs !== undefined) addSpan("generation", { from: at(firstMs), to: at(nowMs) });
  }

  /** Narrates `infer_done`: how much was answered and how fast. */
  end(usage: Usage): void {
    const nowMs = performance.now();
    const waitedMs = Math.round((this.#firstMs ?? nowMs) - this.#startedMs);
    const seconds = Math.max(0.001, (nowMs - (this.#firstMs ?? this.#startedMs)) / 1000);
    const rate = Math.round(usage.completion_tokens / seconds);
    const { prompt_tokens, completion_tokens, cached_tokens } = usage;
    const known = cached_tokens ? ` (${cached_tokens} of them known already)` : "";
    narrate(
      "infer_done",
      `Answered with ${completion_tokens} tokens to ${prompt_tokens}${known}: first after ${waitedMs} ms, then ${rate} a second`,
      {
        fields: {
          prompt_tokens,
          completion_tokens,
          ...(cached_tokens !== undefined && { cached_tokens }),
          first_token_ms: waitedMs,
          tokens_per_second: rate,
        },
      },
    );
  }
}
