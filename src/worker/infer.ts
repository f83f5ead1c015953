import { RbeeError } from "../base/rbee_error.ts";
import { OWN_ENGINE } from "../config/engine_settings.ts";
import type { InferRequest } from "../contracts/operation.ts";
import { TOOL_CALLS_DATA } from "../contracts/tool.ts";
import { emitData } from "../jobs/emit.ts";
import { inAnswerSpan } from "../jobs/answer_span.ts";
import type { AnswerWriter } from "../jobs/answer_writer.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import type { Engine } from "./engine.ts";

/**
 * Answers one request and writes its tokens into the job, and its calls after them. Says lengths, never
 * text.
 */
export function infer(engine: Engine, request: InferRequest, job: Job): Promise<JobResult> {
  return inAnswerSpan(request, OWN_ENGINE, (answer) => answerRequest(engine, request, job, answer));
}

async function answerRequest(
  engine: Engine,
  request: InferRequest,
  job: Job,
  answer: AnswerWriter,
): Promise<JobResult> {
  const { usage, finishReason } = await engine.generate({
    prompt: request.prompt,
    messages: request.messages,
    maxTokens: request.max_tokens,
    temperature: request.temperature,
    topP: request.top_p,
    topK: request.top_k,
    minP: request.min_p,
    frequencyPenalty: request.frequency_penalty,
    presencePenalty: request.presence_penalty,
    logitBias: request.logit_bias,
    seed: request.seed,
    stop: request.stop === undefined ? [] : [request.stop].flat(),
    responseFormat: request.response_format,
    tools: request.tools,
    toolChoice: request.tool_choice,
    parallelToolCalls: request.parallel_tool_calls,
    onText: (text) => answer.write(text),
    onToolCalls: (calls) => {
      answer.begin();
      emitData(TOOL_CALLS_DATA, calls);
    },
    signal: job.signal,
  });
  answer.end(usage);
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
