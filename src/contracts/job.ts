import { z } from "zod";
import { jsonValueSchema } from "./json_value.ts";
import { correlationIdSchema, jobIdSchema, timestampSchema } from "./identifiers.ts";

export const jobStateSchema = z.enum(["queued", "running", "done", "error", "cancelled"]);
export type JobState = z.infer<typeof jobStateSchema>;

/** What `GET /v1/jobs/{id}` answers. Times are null until they have come. */
export const jobViewSchema = z.object({
  job_id: jobIdSchema,
  operation: z.string(),
  /** The model that it names; absent where its operation has none. */
  model: z.string().optional(),
  state: jobStateSchema,
  created_at: timestampSchema,
  started_at: timestampSchema.nullable(),
  finished_at: timestampSchema.nullable(),
  correlation_id: correlationIdSchema,
  /** The trace that its spans are of, by W3C Trace Context; absent where its role makes none. */
  trace_id: z.string().regex(/^[0-9a-f]{32}$/, "must be a trace id").optional(),
  last_seq: z.number().int().nonnegative(),
  result: jsonValueSchema.optional(),
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: jsonValueSchema.optional(),
  }).optional(),
});
export type JobView = z.infer<typeof jobViewSchema>;

/** What `GET /v1/jobs` answers, newest first. */
export const jobListSchema = z.object({ jobs: z.array(jobViewSchema) });

/** What `POST /v1/jobs` answers. */
export const submitAnswerSchema = z.object({ job_id: jobIdSchema, sse_url: z.string() });
export type SubmitAnswer = z.infer<typeof submitAnswerSchema>;

/** What any submit may carry beside its operation. */
export const submitOptionsSchema = z.object({
  job_id: jobIdSchema.optional(),
  unwatched_limit_ms: z.number().int().min(1).max(86_400_000).optional(),
});

/** What `DELETE /v1/jobs/{id}` answers with 202. */
export const cancelAnswerSchema = z.object({ job_id: jobIdSchema, state: jobStateSchema });
