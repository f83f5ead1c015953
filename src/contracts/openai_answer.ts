import { z } from "zod";
import { finishReasonSchema } from "./job_event.ts";
import { toolCallSchema, toolCallsSchema } from "./tool.ts";

/** Tokens counted; `cached_tokens` of the prompt were known from an earlier request. */
export const openAiUsageSchema = z.object({
  prompt_tokens: z.number().int().nonnegative(),
  completion_tokens: z.number().int().nonnegative(),
  total_tokens: z.number().int().nonnegative(),
  prompt_tokens_details: z.object({ cached_tokens: z.number().int().nonnegative() }),
});
export type OpenAiUsage = z.infer<typeof openAiUsageSchema>;

const place = { id: z.string(), created: z.number().int(), model: z.string() };
const noLogprobs = { logprobs: z.null() };

/** What `POST /v1/chat/completions` answers without `stream`. */
export const openAiChatAnswerSchema = z.object({
  ...place,
  object: z.literal("chat.completion"),
  choices: z.tuple([z.object({
    index: z.literal(0),
    message: z.object({
      role: z.literal("assistant"),
      /** Null where there is no text beside the calls. */
      content: z.string().nullable(),
      refusal: z.null(),
      tool_calls: toolCallsSchema.optional(),
    }),
    ...noLogprobs,
    finish_reason: finishReasonSchema,
  })]),
  usage: openAiUsageSchema,
});
export type OpenAiChatAnswer = z.infer<typeof openAiChatAnswerSchema>;

/** One chunk of a streamed chat completion; the one with the usage has no choice. */
export const openAiChatChunkSchema = z.object({
  ...place,
  object: z.literal("chat.completion.chunk"),
  choices: z.array(z.object({
    index: z.literal(0),
    delta: z.object({
      role: z.literal("assistant").optional(),
      content: z.string().optional(),
      tool_calls: z.array(toolCallSchema.extend({ index: z.number().int().nonnegative() }))
        .optional(),
    }),
    ...noLogprobs,
    finish_reason: finishReasonSchema.nullable(),
  })).max(1),
  usage: openAiUsageSchema.nullish(),
});

const textChoice = { index: z.literal(0), text: z.string(), ...noLogprobs };

/** What `POST /v1/completions` answers without `stream`. */
export const openAiCompletionAnswerSchema = z.object({
  ...place,
  object: z.literal("text_completion"),
  choices: z.tuple([z.object({ ...textChoice, finish_reason: finishReasonSchema })]),
  usage: openAiUsageSchema,
});
export type OpenAiCompletionAnswer = z.infer<typeof openAiCompletionAnswerSchema>;

/** One chunk of a streamed completion; the one with the usage has no choice. */
export const openAiCompletionChunkSchema = z.object({
  ...place,
  object: z.literal("text_completion"),
  choices: z.array(
    z.object({ ...textChoice, finish_reason: finishReasonSchema.nullable() }),
  ).max(1),
  usage: openAiUsageSchema.nullish(),
});

/** What an error looks like to clients of OpenAI's API. `param` names the parameter at fault. */
export const openAiErrorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string(),
  }),
});
