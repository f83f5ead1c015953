import { singleLine } from "../base/single_line.ts";
import type { ChatMessage } from "../contracts/chat_message.ts";
import { UP_TO_THE_CONTEXT } from "../contracts/openai_parameters.ts";
import type { InferRequest } from "../contracts/operation.ts";
import { readBody } from "../http/read_body.ts";
import type { OpenAiErrors } from "./openai_errors.ts";

const MAX_ERROR_BYTES = 64 * 1024;

/** An engine that runs and speaks OpenAI's API. */
export interface OpenAiEngine {
  /** Where it listens, without a slash at the end: `http://127.0.0.1:8080`. */
  baseUrl: string;
  /** What it calls its model. */
  model: string;
  /** What people call it. */
  name: string;
}

/** What an engine is asked, and what it is expected to answer with. */
export interface EngineQuestion {
  /** Where: `/v1/completions`. */
  path: string;
  body: Record<string, unknown>;
  type: "text/event-stream" | "application/json";
}

/**
 * Sends a question to an engine and gives the body that it answers with. The connection closes when
 * `signal` aborts, which is how such an engine is told to stop.
 *
 * @throws {RbeeError} `worker_gone` If it cannot be reached.
 * @throws {RbeeError} What {@linkcode OpenAiErrors} makes of an answer that is an error or of another
 * type.
 */
export async function askEngine(
  engine: OpenAiEngine,
  { path, body, type }: EngineQuestion,
  { errors, signal }: { errors: OpenAiErrors; signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array>> {
  let response: Response;
  try {
    response = await fetch(engine.baseUrl + path, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Accept": type,
        // An engine may close a kept connection in the moment in which it is used again.
        "Connection": "close",
      },
      body: JSON.stringify(body),
      // What was asked goes to this engine and to no other address.
      redirect: "manual",
      signal,
    });
  } catch (error) {
    throw errors.unreachable(error);
  }
  const answer = response.body && readBody(response.body, signal);
  const given = response.headers.get("content-type") ?? "";
  const isExpected = given.toLowerCase().split(";")[0]!.trim() === type;
  if (response.ok && answer !== null && isExpected) return answer;
  const { text } = await readText(answer ?? [], MAX_ERROR_BYTES).catch((error: unknown) => {
    throw errors.brokeOff(error);
  });
  throw errors.answered(response.status, singleLine(given.slice(0, 80)), text);
}

/** Reads a body as text; what is beyond `maxBytes` is left out, and told. */
export async function readText(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<{ text: string; isCut: boolean }> {
  const decoder = new TextDecoder();
  let text = "";
  let left = maxBytes;
  for await (const bytes of body) {
    text += decoder.decode(bytes.subarray(0, Math.max(0, left)), { stream: true });
    left -= bytes.length;
    if (left < 0) break;
  }
  return { text, isCut: left < 0 };
}

/** The question that an `infer` is in OpenAI's words. What the request leaves out is left out. */
export function completionQuestion(engine: OpenAiEngine, request: InferRequest): EngineQuestion {
  const { prompt, messages } = request;
  return {
    path: messages === undefined ? "/v1/completions" : "/v1/chat/completions",
    type: "text/event-stream",
    body: {
      model: engine.model,
      ...(messages === undefined ? { prompt } : { messages: messages.map(toOpenAi) }),
      max_tokens: maxTokensOf(request),
      temperature: request.temperature,
      // What is undefined is no member of the JSON.
      top_p: request.top_p,
      top_k: request.top_k,
      min_p: request.min_p,
      frequency_penalty: request.frequency_penalty,
      presence_penalty: request.presence_penalty,
      logit_bias: request.logit_bias,
      seed: request.seed,
      stop: request.stop,
      response_format: request.response_format,
      tools: request.tools,
      tool_choice: request.tool_choice,
      parallel_tool_calls: request.parallel_tool_calls,
      stream: true,
      stream_options: { include_usage: true },
    },
  };
}

/** Engines refuse what is more than their context, and chat as long as it lasts without a limit. */
function maxTokensOf({ messages, max_tokens }: InferRequest): number | undefined {
  return messages !== undefined && max_tokens === UP_TO_THE_CONTEXT ? undefined : max_tokens;
}

/** Templates that engines run know no `developer`. */
function toOpenAi(message: ChatMessage): Record<string, unknown> {
  return message.role === "developer" ? { ...message, role: "system" } : message;
}
