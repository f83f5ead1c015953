import type { FinishReason, Usage } from "../contracts/job_event.ts";
import { singleLine } from "../base/single_line.ts";
import type { InferRequest } from "../contracts/operation.ts";
import { readBody } from "../http/read_body.ts";
import { AnswerWriter } from "../jobs/answer_writer.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { narrate } from "../narration/narrate.ts";
import { OpenAiErrors } from "./openai_errors.ts";
import { decodeAnswer } from "./openai_stream.ts";

/** An engine that runs and speaks OpenAI's API. */
export interface OpenAiEngine {
  /** Where it listens, without a slash at the end: `http://127.0.0.1:8080`. */
  baseUrl: string;
  /** What it calls its model. */
  model: string;
  /** What people call it. */
  name: string;
}

const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Answers a request through an engine and writes its tokens into the job that runs here, in the
 * engine's order, each piece as a token of its own. The model's thoughts are no part of the answer.
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
    return await answerThrough(engine, request, job.signal);
  } catch (error) {
    job.signal.throwIfAborted();
    throw error;
  }
}

async function answerThrough(
  engine: OpenAiEngine,
  request: InferRequest,
  signal: AbortSignal,
): Promise<JobResult> {
  const errors = new OpenAiErrors(engine, request);
  const answer = new AnswerWriter();
  let finishReason: string | undefined;
  let counted: Usage | undefined;
  let thinks = false;
  for await (const chunk of decodeAnswer(await ask(engine, request, { errors, signal }), errors)) {
    errors.heard(chunk.thought + chunk.text);
    if (chunk.thought !== "" && !thinks) {
      thinks = true;
      answer.begin();
      const human = `The engine "${engine.name}" thinks; its thoughts are no part of the answer`;
      narrate("engine_thinks", human, { level: "debug" });
    }
    if (chunk.text !== "") answer.write(chunk.text);
    finishReason = chunk.finishReason ?? finishReason;
    counted = chunk.usage ?? counted;
  }
  if (finishReason !== undefined && BROKEN_OFF.includes(finishReason)) throw errors.endedEarly();
  const finish_reason = toFinishReason(engine.name, finishReason);
  const usage = counted ?? countPieces(engine.name, answer.pieces);
  answer.end(usage);
  return { result: { model: request.model }, usage, finish_reason };
}

/** Sends the request; gives the stream that it is answered with. */
async function ask(
  engine: OpenAiEngine,
  request: InferRequest,
  { errors, signal }: { errors: OpenAiErrors; signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array>> {
  const path = request.messages === undefined ? "/v1/completions" : "/v1/chat/completions";
  let response: Response;
  try {
    response = await fetch(engine.baseUrl + path, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        // An engine may close a kept connection in the moment in which it is used again.
        "Connection": "close",
      },
      body: JSON.stringify(toOpenAi(engine.model, request)),
      // What was asked goes to this engine and to no other address.
      redirect: "manual",
      signal,
    });
  } catch (error) {
    throw errors.unreachable(error);
  }
  const body = response.body && readBody(response.body, signal);
  const type = response.headers.get("content-type") ?? "";
  if (response.ok && body !== null && /^text\/event-stream\b/i.test(type)) return body;
  const start = await readStart(body ?? [], MAX_ERROR_BYTES).catch((error: unknown) => {
    throw errors.brokeOff(error);
  });
  throw errors.answered(response.status, singleLine(type.slice(0, 80)), start);
}

function toOpenAi(model: string, request: InferRequest): Record<string, unknown> {
  const { prompt, messages, max_tokens, temperature, top_p, top_k, seed, stop } = request;
  return {
    model,
    ...(messages === undefined ? { prompt } : { messages }),
    max_tokens,
    temperature,
    // What is undefined is no member of the JSON.
    top_p,
    top_k,
    seed,
    stop,
    stream: true,
    stream_options: { include_usage: true },
  };
}

async function readStart(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let left = maxBytes;
  for await (const bytes of body) {
    text += decoder.decode(bytes.subarray(0, left), { stream: true });
    left -= bytes.length;
    if (left <= 0) break;
  }
  return text;
}

// The engine gave up the request, as vLLM does when it stops; it still sends [DONE].
const BROKEN_OFF = ["abort", "error"];

function toFinishReason(name: string, reason: string | undefined): FinishReason {
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
