import type { FinishReason, NarrationEvent, Usage } from "../../contracts/job_event.ts";
import type { OpenAiCompletionAnswer } from "../../contracts/openai_answer.ts";
import { type Answer, type AnswerForm, type AnswerHead, openAiUsage } from "./answer_form.ts";

/**
 * Writes an answer as a completion, which has text alone.
 * See https://platform.openai.com/docs/api-reference/completions.
 */
export class CompletionForm implements AnswerForm {
  readonly #head: AnswerHead;
  readonly #chunkStart: string;
  readonly #usageOfChunk: string;

  /** @param options.includeUsage Whether chunks say that their usage is yet to come. */
  constructor(head: AnswerHead, options: { includeUsage: boolean }) {
    this.#head = head;
    const start = JSON.stringify({ ...head, object: "text_completion" });
    this.#chunkStart = `${start.slice(0, -1)},"choices":[`;
    this.#usageOfChunk = options.includeUsage ? ',"usage":null' : "";
  }

  begin(): undefined {}

  text(text: string): string {
    return this.#chunk(JSON.stringify(text), "null");
  }

  narration({ type: _type, ...record }: NarrationEvent): string {
    return `${this.#chunkStart}]${this.#usageOfChunk},${JSON.stringify(record).slice(1)}`;
  }

  /** There are none: a completion has no tools. */
  calls(): string {
    return this.text("");
  }

  end(finishReason: FinishReason): string {
    return this.#chunk('""', JSON.stringify(finishReason));
  }

  usage(usage: Usage): string {
    return `${this.#chunkStart}],"usage":${JSON.stringify(openAiUsage(usage))}}`;
  }

  whole({ text, usage, finishReason }: Answer): OpenAiCompletionAnswer {
    return {
      ...this.#head,
      object: "text_completion",
      choices: [{ index: 0, text, logprobs: null, finish_reason: finishReason }],
      usage: openAiUsage(usage),
    };
  }

  // Put together by hand: there is one for each piece of each answer.
  #chunk(text: string, finishReason: string): string {
    return `${this.#chunkStart}{"index":0,"text":${text},"logprobs":null,` +
      `"finish_reason":${finishReason}}]${this.#usageOfChunk}}`;
  }
}
