import { z } from "zod";
import { accessRoleSchema } from "./access_token.ts";
import { hiveNameSchema } from "./hive.ts";
import { instanceSchema, timestampSchema } from "./identifiers.ts";
import { jobViewSchema } from "./job.ts";

/** How often the queen takes a sample, in milliseconds. */
export const SAMPLE_MS = 5000;

/** How many samples are kept: 15 minutes of them. */
export const MAX_SAMPLES = 180;

const amountSchema = z.number().nonnegative();
const bytesSchema = z.number().int().nonnegative();

/** How one hive was at the time of a sample. Memory is null where it is not known. */
export const hiveSampleSchema = z.object({
  /** Of all its workers, since the sample before. */
  tokens_per_second: amountSchema,
  /** Requests that its workers answered. */
  running: z.number().int().nonnegative(),
  /** Requests that waited for its workers. */
  waiting: z.number().int().nonnegative(),
  /** What its machine's memory held, with what GPUs without memory of their own have of it. */
  memory_used_bytes: bytesSchema.nullable(),
  /** What the own memory of all its GPUs held; null also where no GPU has its own. */
  vram_used_bytes: bytesSchema.nullable(),
});
export type HiveSample = z.infer<typeof hiveSampleSchema>;

/** The hives that were connected at one time, by name. The `sample` event of a watch. */
export const sampleSchema = z.object({
  at: timestampSchema,
  hives: z.record(hiveNameSchema, hiveSampleSchema),
});
export type Sample = z.infer<typeof sampleSchema>;

/** The `history` event of a watch: the samples of the last 15 minutes, the oldest first. */
export const historySchema = z.object({ samples: z.array(sampleSchema).max(MAX_SAMPLES) });
export type History = z.infer<typeof historySchema>;

/** The `viewer` event, the first of every watch: who is answered, and by which start of which queen. */
export const viewerSchema = z.object({
  /** The queen's time, by which all others are told. */
  at: timestampSchema,
  /** What is shown; `infer` sees its own jobs and nothing of hives and workers. */
  role: accessRoleSchema,
  version: z.string(),
  instance: instanceSchema,
});
export type Viewer = z.infer<typeof viewerSchema>;

/** A job in short. The `job` event of a watch: it was made, has begun, or has ended. */
export const jobSummarySchema = jobViewSchema.pick({
  job_id: true,
  operation: true,
  model: true,
  state: true,
  created_at: true,
  started_at: true,
  finished_at: true,
}).extend({ error: z.object({ code: z.string(), message: z.string() }).optional() });
export type JobSummary = z.infer<typeof jobSummarySchema>;

/** How many of the newest jobs a watch begins with at most. */
export const MAX_SUMMARIES = 500;

/** How many older ones it begins with beside them at most, which have not ended. */
export const MAX_OLDER_ACTIVE = 500;

/** The `jobs` event of a watch: the newest jobs and what older ones have not ended, the newest first. */
export const jobSummariesSchema = z.object({
  jobs: z.array(jobSummarySchema).max(MAX_SUMMARIES + MAX_OLDER_ACTIVE),
  /** Whether there are others, which `GET /v1/jobs` lists. */
  more: z.boolean(),
  /** The job that ended in an error last, also where it is older than those; absent where there is none. */
  last_failure: jobSummarySchema.optional(),
});
export type JobSummaries = z.infer<typeof jobSummariesSchema>;
