import type { FinishReason, NarrationEvent, Usage } from "../../contracts/job_event.ts";
import type { JsonValue } from "../../contracts/json_value.ts";
import type { OpenAiUsage } from "../../contracts/openai_answer.ts";
import type { ToolCall } from "../../contracts/tool.ts";
import type { Job } from "../../jobs/job.ts";

/** A whole answer. */
export interface Answer {
  text: string;
  calls: ToolCall[];
  usage: Usage;
  finishReason: FinishReason;
  /** What the job gave back beside it. */
  result: JsonValue;
}

/** What every chunk and every answer of one request begins with. */
export interface AnswerHead {
  id: string;
  /** In seconds since 1970. */
  created: number;
  model: string;
}

/**
 * How the parts of one answer are written as OpenAI's API has them, for one kind of request. What is
 * given back is JSON: an object, or its text.
 */
export interface AnswerForm {
  /** What a stream begins with, if with anything. */
  begin(): string | undefined;
  text(text: string): string;
  /**
   * A chunk without choices that is narration too. Clients take every event for a chunk of the answer,
   * and make the first one the base of what they put together.
   */
  narration(event: NarrationEvent): string;
  /** @param first How many calls came before. */
  calls(calls: readonly ToolCall[], first: number): string;
  end(finishReason: FinishReason): string;
  /** The chunk behind the last one, where the tokens are asked for. */
  usage(usage: Usage): string;
  /** The answer to a request that is not streamed. */
  whole(answer: Answer): object;
}

/** What the chunks and the answer of a job begin with; the id is the job's own, after `prefix`. */
export function answerHead(job: Job, prefix: string, model: string): AnswerHead {
  return {
    id: job.id.replace(/^job-/, prefix),
    created: Math.floor(Date.parse(job.createdAt) / 1000),
    model,
  };
}

/** Tokens as OpenAI counts them. */
export function openAiUsage(usage: Usage): OpenAiUsage {
  const { prompt_tokens, completion_tokens, cached_tokens = 0 } = usage;
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens },
  };
}
