import { z } from "zod";
import { modelNameSchema } from "./operation.ts";
import { openAiNeutralFields, openAiTextFields } from "./openai_parameters.ts";

/** Parameters of a completion that are taken with these values alone, since they ask for nothing. */
export const openAiCompletionNeutralFields = {
  ...openAiNeutralFields,
  best_of: z.literal(1).optional(),
  echo: z.literal(false).optional(),
  suffix: z.literal("").optional(),
};

const SEVERAL_PROMPTS =
  "must be a text, or a list that holds one; send a request for each text, and tokens as their text";

/**
 * The body of `POST /v1/completions`. Of OpenAI's parameters that are not here none is supported:
 * `logprobs`. See https://platform.openai.com/docs/api-reference/completions/create.
 */
export const openAiCompletionRequestSchema = z.strictObject({
  model: modelNameSchema,
  /** One text, or a list that holds one. */
  prompt: z.union([z.string(), z.tuple([z.string()], SEVERAL_PROMPTS)]),
  ...openAiTextFields,
  ...openAiCompletionNeutralFields,
});
export type OpenAiCompletionRequest = z.infer<typeof openAiCompletionRequestSchema>;
