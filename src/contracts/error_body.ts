import { z } from "zod";
import { jsonValueSchema } from "./json_value.ts";

/** The one form of an error over HTTP, which clients of OpenAI's API read. */
export const errorBodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    type: z.string(),
    /** The parameter at fault, in answers of OpenAI's routes. */
    param: z.string().nullish(),
    details: jsonValueSchema.optional(),
  }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
