import { z } from "zod";
import { jsonSchemaSchema } from "./tool.ts";

const penaltySchema = z.number().min(-2).max(2);

/** Which text the answer may be: free text, a JSON object, or JSON that fits a schema. */
export const responseFormatSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: z.strictObject({
      name: z.string().max(256).optional(),
      description: z.string().optional(),
      schema: jsonSchemaSchema,
      strict: z.boolean().nullish(),
    }),
  }),
]);
export type ResponseFormat = z.infer<typeof responseFormatSchema>;

/** Sampling and limits of one generation; defaults are those of the contract. */
export const samplingSchema = z.object({
  max_tokens: z.number().int().min(1).max(1_000_000).default(512),
  temperature: z.number().min(0).max(2).default(0.7),
  top_p: z.number().gt(0).max(1).optional(),
  top_k: z.number().int().min(0).max(1_000_000).optional(),
  /** Leaves out what is less likely than this part of the likeliest token. Default 0: nothing. */
  min_p: z.number().min(0).max(1).optional(),
  frequency_penalty: penaltySchema.optional(),
  presence_penalty: penaltySchema.optional(),
  /** Added to the logits of tokens, by their number in the model's vocabulary. */
  logit_bias: z.record(
    z.string().regex(/^(0|[1-9]\d{0,9})$/, "must be the number of a token"),
    z.number().min(-100).max(100),
  ).optional(),
  // The largest number of 32 bits means a random one to llama.cpp.
  seed: z.number().int().min(0).max(4_294_967_294).optional(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(16)]).optional(),
  response_format: responseFormatSchema.optional(),
});
