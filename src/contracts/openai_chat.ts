import { z } from "zod";
import { chatMessageSchema } from "./chat_message.ts";
import { modelNameSchema } from "./operation.ts";
import {
  maxCompletionTokensSchema,
  openAiNeutralFields,
  openAiTextFields,
} from "./openai_parameters.ts";
import { responseFormatSchema } from "./sampling.ts";
import { toolChoiceSchema, toolsSchema } from "./tool.ts";

/**
 * Parameters of a chat completion that are taken with these values alone, since with them there is
 * nothing to do.
 */
export const openAiChatNeutralFields = {
  ...openAiNeutralFields,
  /** Answers are kept as every job is, and not for OpenAI's dashboard. */
  store: z.literal(false).optional(),
  /** Labels of what `store` keeps. */
  metadata: z.record(z.string(), z.string()).optional(),
  /** There is one tier. */
  service_tier: z.enum(["auto", "default"]).optional(),
  safety_identifier: z.string().optional(),
  /** What an earlier prompt shares with this one is found without a key, and kept while it can be. */
  prompt_cache_key: z.string().optional(),
  prompt_cache_retention: z.enum(["in_memory", "24h"]).optional(),
  modalities: z.tuple([z.literal("text")], 'must be ["text"]').optional(),
  logprobs: z.literal(false).optional(),
  top_logprobs: z.literal(0).optional(),
  /** OpenAI's own default. */
  verbosity: z.literal("medium").optional(),
};

/**
 * The body of `POST /v1/chat/completions`. Of OpenAI's parameters that are not here none is supported:
 * `audio`, `function_call`, `functions`, `moderation`, `prediction`, `prompt_cache_options`,
 * `reasoning_effort`, `web_search_options`.
 * See https://platform.openai.com/docs/api-reference/chat/create.
 */
export const openAiChatRequestSchema = z.strictObject({
  model: modelNameSchema,
  messages: z.array(chatMessageSchema).min(1).max(10_000),
  ...openAiTextFields,
  /** Beats `max_tokens`. */
  max_completion_tokens: maxCompletionTokensSchema,
  response_format: responseFormatSchema.optional(),
  tools: toolsSchema.optional(),
  tool_choice: toolChoiceSchema.optional(),
  parallel_tool_calls: z.boolean().optional(),
  ...openAiChatNeutralFields,
});
export type OpenAiChatRequest = z.infer<typeof openAiChatRequestSchema>;
