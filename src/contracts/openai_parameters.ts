import { z } from "zod";
import { samplingSchema } from "./sampling.ts";

/** No context is longer: as many tokens as fit. */
export const UP_TO_THE_CONTEXT = 1_000_000;

const { shape } = samplingSchema;
const maxTokensSchema = z.number().int().min(1).optional();

/**
 * What requests for text share. Where they leave something out, the default is rbee's own; `top_k` and
 * `min_p` are none of OpenAI's, and known to clients of other servers.
 */
export const openAiTextFields = {
  max_tokens: maxTokensSchema,
  temperature: shape.temperature.unwrap().optional(),
  /** 0 leaves the likeliest token alone. */
  top_p: z.number().min(0).max(1).optional(),
  top_k: shape.top_k,
  min_p: shape.min_p,
  frequency_penalty: shape.frequency_penalty,
  presence_penalty: shape.presence_penalty,
  logit_bias: shape.logit_bias,
  /** Any integer; what is no seed of llama.cpp is folded into its range. */
  seed: z.number().int().optional(),
  stop: shape.stop,
  stream: z.boolean().optional(),
  stream_options: z.strictObject({
    include_usage: z.boolean().optional(),
    /** Chunks are not padded, so nobody may rely on it. */
    include_obfuscation: z.literal(false).optional(),
  }).optional(),
};

/** The same limit under its newer name, for chat alone. */
export const maxCompletionTokensSchema = maxTokensSchema;

/**
 * Parameters that are taken with these values alone, since with them there is nothing to do: names of
 * the end user are for OpenAI's watch over abuse, and one answer is what there is.
 */
export const openAiNeutralFields = {
  user: z.string().optional(),
  n: z.literal(1).optional(),
};
