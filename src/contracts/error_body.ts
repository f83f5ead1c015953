import { z } from "zod";

/** The one form of an error over HTTP, which clients of OpenAI's API read. */
export const errorBodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    type: z.string(),
    details: z.json().optional(),
  }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
