import type { FinishReason, Usage } from "../contracts/job_event.ts";
import type { InferRequest } from "../contracts/operation.ts";
import { TOOL_CALLS_DATA } from "../contracts/tool.ts";
import { inAnswerSpan } from "../jobs/answer_span.ts";
import type { AnswerWriter } from "../jobs/answer_writer.ts";
import { emitData } from "../jobs/emit.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { narrate } from "../narration/narrate.ts";
import { askEngine, completionQuestion, type OpenAiEngine } from "./engine_request.ts";
import { OpenAiErrors } from "./openai_errors.ts";
import { decodeAnswer } from "./openai_stream.ts";
import { CallDeltas } from "./tool_call_deltas.ts";

/**
 * Answers a request through an engine and writes its tokens into the job that runs here, in the
 * engine's order, each piece as a token of its own, and its calls after them, when they are whole. The
 * model's thoughts are no part of the answer.
 * Reads at the speed of the engine and keeps one chunk at a time. When `job.signal` aborts, the
 * connection closes, which is how such an engine is told to stop.
 *
 * @throws {RbeeError} `worker_gone` If it cannot be reached, or the connection breaks.
 * @throws {RbeeError} `engine_failed` If it fails, ends in the middle, or does not speak the API.
 * @throws {RbeeError} `engine_busy`, `invalid_request` or `context_length_exceeded` If it refuses.
 * @throws {unknown} If `job.signal` aborts: its reason.
 */
export async function inferOverOpenAi(
  engine: OpenAiEngine,
  request: InferRequest,
  job: Job,
): Promise<JobResult> {
  try {
    return await inAnswerSpan(
      request,
      engine.name,
      (answer) => answerThrough(engine, request, job.signal, answer),
    );
  } catch (error) {
    job.signal.throwIfAborted();
    throw error;
  }
}

async function answerThrough(
  engine: OpenAiEngine,
  request: InferRequest,
  signal: AbortSignal,
  answer: AnswerWriter,
): Promise<JobResult> {
  const errors = new OpenAiErrors(engine, request);
  let finishReason: string | undefined;
  let counted: Usage | undefined;
  let thinks = false;
  const deltas = new CallDeltas();
  const body = await askEngine(engine, completionQuestion(engine, request), { errors, signal });
  for await (const chunk of decodeAnswer(body, errors)) {
    errors.heard(chunk.thought + chunk.text);
    if (chunk.thought !== "" && !thinks) {
      thinks = true;
      answer.begin();
      const human = `The engine "${engine.name}" thinks; its thoughts are no part of the answer`;
      narrate("engine_thinks", human, { level: "debug" });
    }
    if (chunk.text !== "") answer.write(chunk.text);
    for (const delta of chunk.calls ?? []) {
      answer.begin();
      errors.heard(delta.function?.arguments ?? "");
      deltas.add(delta);
    }
    finishReason = chunk.finishReason ?? finishReason;
    counted = chunk.usage ?? counted;
  }
  if (finishReason !== undefined && BROKEN_OFF.includes(finishReason)) throw errors.endedEarly();
  const calls = deltas.calls({ isCut: finishReason === "length" });
  if (calls === undefined) throw errors.foreign("sent a call of a tool that is none");
  if (calls.length > 0) emitData(TOOL_CALLS_DATA, calls);
  const finish_reason = toFinishReason(engine.name, finishReason, calls.length > 0);
  const usage = counted ?? countPieces(engine.name, answer.pieces);
  answer.end(usage);
  return { result: { model: request.model }, usage, finish_reason };
}

// The engine gave up the request, as vLLM does when it stops; it still sends [DONE].
const BROKEN_OFF = ["abort", "error"];

function toFinishReason(
  name: string,
  reason: string | undefined,
  calls: boolean,
): FinishReason {
  // For a function that the request names, engines say "stop".
  if (calls && reason !== "length") return "tool_calls";
  if (reason === "stop" || reason === "length") return reason;
  const said = reason === undefined
    ? "without a reason"
    : /^\w{1,40}$/.test(reason)
    ? `with "${reason}"`
    : "with a reason of its own";
  const human = `The engine "${name}" ended its answer ${said}, which counts as "stop"`;
  narrate("finish_reason", human, { level: "debug" });
  return "stop";
}

function countPieces(name: string, pieces: number): Usage {
  const human =
    `The engine "${name}" does not count its tokens: ${pieces} pieces of text are taken ` +
    "for as many tokens, and the prompt for none";
  narrate("usage_missing", human);
  return { prompt_tokens: 0, completion_tokens: pieces };
}
