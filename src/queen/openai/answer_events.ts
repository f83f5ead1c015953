import type { EventSource } from "../../http/event_stream.ts";
import { openAiErrorBody } from "../../http/errors.ts";
import type { AnswerForm } from "./answer_form.ts";
import type { AnswerPart, AnswerReader } from "./answer_reader.ts";

const encoder = new TextEncoder();
const DONE = "data: [DONE]\n\n";

/** How an answer is written as a stream. */
export interface AnswerEventsOptions {
  form: AnswerForm;
  /** Whether a chunk with the usage comes behind the last one. */
  includeUsage: boolean;
  /** What was read before the stream begins. */
  parts: readonly AnswerPart[];
}

/**
 * An answer as the stream that OpenAI's clients read: a chunk a piece, all that has come since the last
 * write in one write, and `[DONE]`. An error ends it without that mark. Narration, where the reader
 * gives it, is an event of that name, and a chunk without choices.
 */
export class AnswerEvents implements EventSource {
  readonly #reader: AnswerReader;
  readonly #form: AnswerForm;
  readonly #includeUsage: boolean;
  #calls = 0;
  #text = "";
  #begun = false;

  constructor(reader: AnswerReader, options: AnswerEventsOptions) {
    this.#reader = reader;
    this.#form = options.form;
    this.#includeUsage = options.includeUsage;
    this.#write(options.parts);
  }

  get ended(): boolean {
    return this.#reader.ended && this.#text === "";
  }

  read(): Uint8Array | undefined {
    this.#write(this.#reader.read());
    if (this.#text === "") return undefined;
    const bytes = encoder.encode(this.#text);
    this.#text = "";
    return bytes;
  }

  /** What the job says that is no part of the answer wakes nobody, or a stream would look dead. */
  async wait({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      this.#write(this.#reader.read());
      if (this.#text !== "" || this.#reader.ended) return true;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0 || !(await this.#reader.wait({ timeoutMs: leftMs, signal }))) return false;
    }
  }

  #write(parts: readonly AnswerPart[]): void {
    for (const part of parts) this.#text += this.#encode(part);
  }

  #encode(part: AnswerPart): string {
    const form = this.#form;
    switch (part.type) {
      case "narration":
        return `event: narration\n${data(form.narration(part.event))}`;
      case "text":
        return this.#begin() + data(form.text(part.text));
      case "tool_calls": {
        const first = this.#calls;
        this.#calls += part.calls.length;
        return this.#begin() + data(form.calls(part.calls, first));
      }
      case "done":
        return this.#begin() + data(form.end(part.finishReason)) +
          (this.#includeUsage ? data(form.usage(part.usage)) : "") + DONE;
      case "failed":
        return data(JSON.stringify(openAiErrorBody(part.error)));
    }
  }

  #begin(): string {
    const chunk = this.#begun ? undefined : this.#form.begin();
    this.#begun = true;
    return chunk === undefined ? "" : data(chunk);
  }
}

function data(json: string): string {
  return `data: ${json}\n\n`;
}
