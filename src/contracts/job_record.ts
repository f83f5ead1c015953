import { z } from "zod";
import { jobIdSchema } from "./identifiers.ts";
import { jobViewSchema } from "./job.ts";

/** A job that runs elsewhere on behalf of one that runs here. */
export const delegatedJobSchema = z.object({ url: z.string(), job_id: jobIdSchema });
export type DelegatedJob = z.infer<typeof delegatedJobSchema>;

/** What is kept of a job beside its events: enough for the process that starts next. */
export const jobRecordSchema = z.object({
  job: jobViewSchema,
  delegated: z.array(delegatedJobSchema),
  /** The id of the token that it was submitted with; without one it is the person's own. */
  owner: z.string().optional(),
});
export type JobRecord = z.infer<typeof jobRecordSchema>;
