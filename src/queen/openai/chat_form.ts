import type { FinishReason, NarrationEvent, Usage } from "../../contracts/job_event.ts";
import type { OpenAiChatAnswer } from "../../contracts/openai_answer.ts";
import type { ToolCall } from "../../contracts/tool.ts";
import { type Answer, type AnswerForm, type AnswerHead, openAiUsage } from "./answer_form.ts";

/** Writes an answer as a chat completion. See https://platform.openai.com/docs/api-reference/chat. */
export class ChatForm implements AnswerForm {
  readonly #head: AnswerHead;
  readonly #chunkStart: string;
  readonly #usageOfChunk: string;

  /** @param options.includeUsage Whether chunks say that their usage is yet to come. */
  constructor(head: AnswerHead, options: { includeUsage: boolean }) {
    this.#head = head;
    const start = JSON.stringify({ ...head, object: "chat.completion.chunk" });
    this.#chunkStart = `${start.slice(0, -1)},"choices":[`;
    this.#usageOfChunk = options.includeUsage ? ',"usage":null' : "";
  }

  begin(): string {
    return this.#chunk('{"role":"assistant","content":""}', "null");
  }

  text(text: string): string {
    return this.#chunk(`{"content":${JSON.stringify(text)}}`, "null");
  }

  narration({ type: _type, ...record }: NarrationEvent): string {
    return `${this.#chunkStart}]${this.#usageOfChunk},${JSON.stringify(record).slice(1)}`;
  }

  calls(calls: readonly ToolCall[], first: number): string {
    const tool_calls = calls.map((call, at) => ({ index: first + at, ...call }));
    return this.#chunk(JSON.stringify({ tool_calls }), "null");
  }

  end(finishReason: FinishReason): string {
    return this.#chunk("{}", JSON.stringify(finishReason));
  }

  usage(usage: Usage): string {
    return `${this.#chunkStart}],"usage":${JSON.stringify(openAiUsage(usage))}}`;
  }

  whole({ text, calls, usage, finishReason }: Answer): OpenAiChatAnswer {
    return {
      ...this.#head,
      object: "chat.completion",
      choices: [{
        index: 0,
        message: {
          role: "assistant",
          content: text === "" && calls.length > 0 ? null : text,
          refusal: null,
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: finishReason,
      }],
      usage: openAiUsage(usage),
    };
  }

  // Put together by hand: there is one for each piece of each answer.
  #chunk(delta: string, finishReason: string): string {
    return `${this.#chunkStart}{"index":0,"delta":${delta},"logprobs":null,` +
      `"finish_reason":${finishReason}}]${this.#usageOfChunk}}`;
  }
}
