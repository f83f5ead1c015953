import { RbeeError } from "../../base/rbee_error.ts";
import {
  type FinishReason,
  isTerminal,
  type JobEvent,
  type NarrationEvent,
  type TerminalEvent,
  type Usage,
} from "../../contracts/job_event.ts";
import type { JsonValue } from "../../contracts/json_value.ts";
import { TOOL_CALLS_DATA, type ToolCall, toolCallsSchema } from "../../contracts/tool.ts";
import type { LogCursor } from "../../jobs/event_log.ts";
import type { Job } from "../../jobs/job.ts";
import { splitEvents } from "../../sse/split_events.ts";

/** A piece of what a job has to say to who asked. `done` and `failed` are the last. */
export type AnswerPart =
  | { type: "text"; text: string }
  | { type: "tool_calls"; calls: ToolCall[] }
  | { type: "narration"; event: NarrationEvent }
  | { type: "done"; usage: Usage; finishReason: FinishReason; result: JsonValue }
  | { type: "failed"; error: RbeeError };

/** How an answer is read. */
export interface AnswerReaderOptions {
  /** Whether narration is a part of it. Default false. */
  narration?: boolean;
}

/**
 * Reads the answer that a job makes from the job's log, in its order, all that has come since the last
 * time at once: pieces of text that stand side by side come as one. An answer of which a piece is
 * gone, since this reader was too slow for what is kept, is `failed`.
 */
export class AnswerReader {
  readonly #cursor: LogCursor;
  readonly #jobId: string;
  readonly #narration: boolean;
  #pieces = 0;
  #ended = false;

  constructor(job: Job, options: AnswerReaderOptions = {}) {
    this.#cursor = job.log.cursor();
    this.#jobId = job.id;
    this.#narration = options.narration ?? false;
  }

  /** Whether the last part has been read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What has come since the last time; nothing after the last part. */
  read(): AnswerPart[] {
    const parts: AnswerPart[] = [];
    const bytes = this.#ended ? undefined : this.#cursor.read();
    if (bytes === undefined) return parts;
    for (const event of splitEvents(bytes)) {
      const part = this.#partOf(event);
      const last = parts.at(-1);
      if (part?.type === "text" && last?.type === "text") last.text += part.text;
      else if (part !== undefined) parts.push(part);
      if (part?.type === "done" || part?.type === "failed") {
        this.#ended = true;
        break;
      }
    }
    return parts;
  }

  /** Resolves true when there may be more, false after `timeoutMs` or when `signal` aborts. */
  wait(options: { timeoutMs?: number; signal?: AbortSignal | undefined }): Promise<boolean> {
    return this.#cursor.wait(options);
  }

  #partOf(event: JobEvent): AnswerPart | undefined {
    switch (event.type) {
      case "token":
        if (event.i !== this.#pieces++) return this.#incomplete();
        return { type: "text", text: event.text };
      case "narration":
        return this.#narration ? { type: "narration", event } : undefined;
      case "data": {
        if (event.name !== TOOL_CALLS_DATA) return undefined;
        const calls = toolCallsSchema.safeParse(event.value);
        if (calls.success) return { type: "tool_calls", calls: calls.data };
        return failed(new RbeeError("bad_answer", "The worker sent calls of tools that are none"));
      }
      case "gap":
        return this.#incomplete();
      default:
        return isTerminal(event) ? endOf(event) : undefined;
    }
  }

  #incomplete(): AnswerPart {
    return failed(
      new RbeeError(
        "answer_incomplete",
        `A part of the answer is gone, since it was read too slowly; rbee job watch ${this.#jobId} shows what is left`,
      ),
    );
  }
}

function endOf(end: TerminalEvent): AnswerPart {
  if (end.type === "done") {
    return {
      type: "done",
      usage: end.usage ?? { prompt_tokens: 0, completion_tokens: 0 },
      finishReason: end.finish_reason ?? "stop",
      result: end.result,
    };
  }
  if (end.type === "cancelled") {
    return failed(new RbeeError("cancelled", `The request was cancelled: ${end.reason}`));
  }
  const details = end.details as Record<string, string> | undefined;
  return failed(new RbeeError(end.code, end.message, { details }));
}

function failed(error: RbeeError): AnswerPart {
  return { type: "failed", error };
}
