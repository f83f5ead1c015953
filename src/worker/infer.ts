import { RbeeError } from "../base/rbee_error.ts";
import type { InferRequest } from "../contracts/operation.ts";
import { emitToken } from "../jobs/emit.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { narrate } from "../narration/narrate.ts";
import type { Engine } from "./engine.ts";

/** Answers one request and writes its tokens into the job. Says lengths, never text. */
export async function infer(engine: Engine, request: InferRequest, job: Job): Promise<JobResult> {
  const startedMs = performance.now();
  let firstMs: number | undefined;
  let i = 0;
  const { usage, finishReason } = await engine.generate({
    prompt: request.prompt,
    messages: request.messages,
    maxTokens: request.max_tokens,
    temperature: request.temperature,
    topP: request.top_p,
    topK: request.top_k,
    seed: request.seed,
    stop: request.stop === undefined ? [] : [request.stop].flat(),
    onText: (text) => {
      firstMs ??= performance.now();
      emitToken(text, i++);
    },
    signal: job.signal,
  });
  const nowMs = performance.now();
  const waitedMs = Math.round((firstMs ?? nowMs) - startedMs);
  const seconds = Math.max(0.001, (nowMs - (firstMs ?? startedMs)) / 1000);
  const rate = Math.round(usage.completion_tokens / seconds);
  narrate(
    "infer_done",
    `Answered with ${usage.completion_tokens} tokens to ${usage.prompt_tokens}: first after ${waitedMs} ms, then ${rate} a second`,
    { fields: { ...usage, first_token_ms: waitedMs, tokens_per_second: rate } },
  );
  return { result: { model: request.model }, usage, finish_reason: finishReason };
}

/**
 * Checks that a request is for the model that this worker has.
 *
 * @throws {RbeeError} `model_not_found` If it is for another.
 */
export function checkModel(asked: string, names: readonly string[]): void {
  if (names.includes(asked)) return;
  throw new RbeeError(
    "model_not_found",
    `This worker has the model "${names[0]}", not "${
      asked.slice(0, 200)
    }"; ask the queen, which finds the right one`,
  );
}
