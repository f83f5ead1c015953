import { RbeeError } from "../../base/rbee_error.ts";
import {
  openAiChatNeutralFields,
  type OpenAiChatRequest,
  openAiChatRequestSchema,
} from "../../contracts/openai_chat.ts";
import {
  openAiCompletionNeutralFields,
  type OpenAiCompletionRequest,
  openAiCompletionRequestSchema,
} from "../../contracts/openai_completion.ts";
import { UP_TO_THE_CONTEXT } from "../../contracts/openai_parameters.ts";
import type { InferInput } from "../../contracts/operation.ts";
import { readParameters, withoutNulls } from "./parameters.ts";

/** A request for text: what is to be done, and how it is answered. */
export interface TextRequest {
  infer: InferInput;
  stream: boolean;
  /** Whether the last chunk of a stream counts the tokens. */
  includeUsage: boolean;
}

// OpenAI's own for completions, where nobody would expect a whole answer.
const COMPLETION_TOKENS = 16;
// llama.cpp's seeds are below it.
const SEEDS = 4_294_967_295;
// What is taken for 0, which llama.cpp would take for no limit: the likeliest token is always left.
const SMALLEST_TOP_P = 1e-9;

/**
 * Reads the body of a chat completion. Without a limit the answer may be as long as the context has
 * room for it.
 *
 * @throws {RbeeError} `unsupported_parameter` or `invalid_request`, see {@linkcode readParameters}.
 */
export function readChatRequest(body: Record<string, unknown>): TextRequest {
  const { messages } = body;
  const given = Array.isArray(messages)
    ? { ...body, messages: messages.map(withoutEmptyMembers) }
    : body;
  const request = readParameters(openAiChatRequestSchema, given, {
    neutral: openAiChatNeutralFields,
  });
  const { model, max_tokens, max_completion_tokens } = request;
  const { response_format, tools, tool_choice, parallel_tool_calls } = request;
  return {
    infer: withoutUndefined({
      operation: "infer" as const,
      model,
      messages: request.messages,
      ...samplingOf(request),
      max_tokens: tokens(max_completion_tokens ?? max_tokens ?? UP_TO_THE_CONTEXT),
      response_format,
      tools,
      tool_choice,
      // Without tools there is nothing for it to say.
      parallel_tool_calls: tools && parallel_tool_calls,
    }),
    ...streamingOf(request),
  };
}

/**
 * Reads the body of a completion. Its limit is 16 tokens when it has none.
 *
 * @throws {RbeeError} `unsupported_parameter` or `invalid_request`, see {@linkcode readParameters}.
 */
export function readCompletionRequest(body: Record<string, unknown>): TextRequest {
  const request = readParameters(openAiCompletionRequestSchema, body, {
    neutral: openAiCompletionNeutralFields,
  });
  const { model, prompt, max_tokens } = request;
  return {
    infer: withoutUndefined({
      operation: "infer" as const,
      model,
      prompt: typeof prompt === "string" ? prompt : prompt[0],
      ...samplingOf(request),
      max_tokens: tokens(max_tokens ?? COMPLETION_TOKENS),
    }),
    ...streamingOf(request),
  };
}

function samplingOf(request: OpenAiChatRequest | OpenAiCompletionRequest) {
  const { temperature, top_p, top_k, min_p, seed, stop } = request;
  const { frequency_penalty, presence_penalty, logit_bias } = request;
  return {
    temperature,
    top_p: top_p === undefined ? undefined : Math.max(top_p, SMALLEST_TOP_P),
    top_k,
    min_p,
    frequency_penalty,
    presence_penalty,
    logit_bias,
    seed: seed === undefined ? undefined : ((seed % SEEDS) + SEEDS) % SEEDS,
    stop,
  };
}

function streamingOf(request: OpenAiChatRequest | OpenAiCompletionRequest) {
  const stream = request.stream ?? false;
  if (request.stream_options !== undefined && !stream) {
    throw new RbeeError(
      "invalid_request",
      'Parameter "stream_options" needs stream to be true; set it, or leave the options out',
      { details: { field: "stream_options" } },
    );
  }
  return { stream, includeUsage: request.stream_options?.include_usage ?? false };
}

function tokens(limit: number): number {
  return Math.min(limit, UP_TO_THE_CONTEXT);
}

/**
 * A message without what says nothing: clients send an earlier answer back as they got it, with all
 * its members.
 */
function withoutEmptyMembers(message: unknown): unknown {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return message;
  const { annotations, tool_calls, ...rest } = message as Record<string, unknown>;
  return withoutNulls({
    ...rest,
    ...(isEmpty(annotations) ? {} : { annotations }),
    ...(isEmpty(tool_calls) ? {} : { tool_calls }),
  }, { keep: ["content"] });
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

type WithoutUndefined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The same without members that are undefined, which are none in JSON either. */
function withoutUndefined<T extends object>(value: T): WithoutUndefined<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as WithoutUndefined<T>;
}
