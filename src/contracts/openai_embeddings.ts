import { z } from "zod";
import { embedSchema, modelNameSchema } from "./operation.ts";

/** Parameters of embeddings that are taken with these values alone, since they ask for nothing. */
export const openAiEmbeddingsNeutralFields = { user: z.string().optional() };

/**
 * The body of `POST /v1/embeddings`. Of OpenAI's parameters that are not here none is supported:
 * `dimensions`. See https://platform.openai.com/docs/api-reference/embeddings/create.
 */
export const openAiEmbeddingsRequestSchema = z.strictObject({
  model: modelNameSchema,
  /** A text or several, each turned into a vector; lists of tokens are not taken. */
  input: embedSchema.shape.input,
  /** `base64`: the bytes of 32-bit floats, the lowest first. Default `float`. */
  encoding_format: z.enum(["float", "base64"]).optional(),
  ...openAiEmbeddingsNeutralFields,
});
export type OpenAiEmbeddingsRequest = z.infer<typeof openAiEmbeddingsRequestSchema>;

/** What `POST /v1/embeddings` answers. */
export const openAiEmbeddingsSchema = z.object({
  object: z.literal("list"),
  model: modelNameSchema,
  data: z.array(z.object({
    object: z.literal("embedding"),
    index: z.number().int().nonnegative(),
    embedding: z.union([z.array(z.number()), z.string()]),
  })),
  usage: z.object({
    prompt_tokens: z.number().int().nonnegative(),
    total_tokens: z.number().int().nonnegative(),
  }),
});
export type OpenAiEmbeddings = z.infer<typeof openAiEmbeddingsSchema>;
