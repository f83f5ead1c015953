import { z } from "zod";
import { jsonValueSchema } from "./json_value.ts";
import { timestampSchema } from "./identifiers.ts";

/** From the least to the most important. `debug` is shown with `-v` alone. */
export const narrationLevelSchema = z.enum(["debug", "info", "warn", "error"]);
export type NarrationLevel = z.infer<typeof narrationLevelSchema>;

/** Who speaks: a role, with the name of its machine when that is another one (`hive:gpu`). */
export const actorSchema = z.string().max(80).regex(
  /^(queen|hive|worker|keeper)(:[A-Za-z0-9][A-Za-z0-9._-]*)?$/,
  "must be queen, hive, worker or keeper, and :NAME for another machine",
);

/** What is being done, in snake_case: `worker_spawn`. */
export const actionSchema = z.string().max(80).regex(
  /^[a-z][a-z0-9_]*$/,
  "must be lower case letters, digits and underscores",
);

/** How far a step has come, in `unit` (`percent`, `bytes`, `tokens`); `total` is 0 when unknown. */
export const progressSchema = z.object({
  current: z.number().nonnegative(),
  total: z.number().nonnegative(),
  unit: z.string().max(32),
});
export type Progress = z.infer<typeof progressSchema>;

/** Structured facts beside the sentence, by name. */
export const narrationFieldsSchema = z.record(z.string(), jsonValueSchema);
export type NarrationFields = z.infer<typeof narrationFieldsSchema>;

/** One piece of narration as it crosses a process's output: one JSON object a line. */
export const narrationRecordSchema = z.object({
  rbee: z.literal("narration"),
  at: timestampSchema,
  actor: actorSchema,
  action: actionSchema,
  human: z.string(),
  level: narrationLevelSchema,
  job_id: z.string().max(80).optional(),
  correlation_id: z.string().max(80).optional(),
  fields: narrationFieldsSchema.optional(),
  progress: progressSchema.optional(),
});
export type NarrationRecord = z.infer<typeof narrationRecordSchema>;
