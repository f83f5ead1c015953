import { z } from "zod";
import { jsonValueSchema } from "./json_value.ts";
import { timestampSchema } from "./identifiers.ts";
import {
  actionSchema,
  actorSchema,
  narrationFieldsSchema,
  narrationLevelSchema,
  progressSchema,
} from "./narration_record.ts";

/** The place of an event in its job: 1, 2, 3 … without holes. */
export const seqSchema = z.number().int().positive();

const place = { seq: seqSchema, at: timestampSchema };

export const narrationEventSchema = z.object({
  type: z.literal("narration"),
  ...place,
  actor: actorSchema,
  action: actionSchema,
  human: z.string(),
  level: narrationLevelSchema,
  job_id: z.string().optional(),
  correlation_id: z.string().optional(),
  fields: narrationFieldsSchema.optional(),
  progress: progressSchema.optional(),
  formatted: z.string(),
});

/** A captured line that is not narration. `truncated` is there, and true, when it was cut. */
export const logEventSchema = z.object({
  type: z.literal("log"),
  ...place,
  actor: actorSchema,
  stream: z.enum(["stdout", "stderr"]),
  line: z.string(),
  truncated: z.boolean().optional(),
});

/** A piece of the answer; `i` counts from 0 within the job. */
export const tokenEventSchema = z.object({
  type: z.literal("token"),
  ...place,
  text: z.string(),
  i: z.number().int().nonnegative(),
});

export const dataEventSchema = z.object({
  type: z.literal("data"),
  ...place,
  name: z.string(),
  value: jsonValueSchema,
});

/** These sequence numbers are gone for this reader, both ends included. It has no place itself. */
export const gapEventSchema = z.object({
  type: z.literal("gap"),
  from: seqSchema,
  to: seqSchema,
});

export const usageSchema = z.object({
  prompt_tokens: z.number().int().nonnegative(),
  completion_tokens: z.number().int().nonnegative(),
  /** How many tokens of the prompt were known from an earlier request and not computed again. */
  cached_tokens: z.number().int().nonnegative().optional(),
});
export type Usage = z.infer<typeof usageSchema>;

/**
 * `stop`: the model or a stop string ended it; `length`: a limit of tokens or of the context;
 * `tool_calls`: it asks for calls, which the `data` event `tool_calls` holds.
 */
export const finishReasonSchema = z.enum(["stop", "length", "tool_calls"]);
export type FinishReason = z.infer<typeof finishReasonSchema>;

export const doneEventSchema = z.object({
  type: z.literal("done"),
  ...place,
  result: jsonValueSchema,
  usage: usageSchema.optional(),
  finish_reason: finishReasonSchema.optional(),
});

export const errorEventSchema = z.object({
  type: z.literal("error"),
  ...place,
  code: z.string(),
  message: z.string(),
  details: jsonValueSchema.optional(),
});

export const cancelledEventSchema = z.object({
  type: z.literal("cancelled"),
  ...place,
  reason: z.string(),
});

/** Every event that a reader of a job's stream can meet, by its `type` (SSE's `event`). */
export const jobEventSchema = z.discriminatedUnion("type", [
  narrationEventSchema,
  logEventSchema,
  tokenEventSchema,
  dataEventSchema,
  gapEventSchema,
  doneEventSchema,
  errorEventSchema,
  cancelledEventSchema,
]);
export type JobEvent = z.infer<typeof jobEventSchema>;
export type NarrationEvent = z.infer<typeof narrationEventSchema>;

/** The last event of a job, exactly one. */
export type TerminalEvent = Extract<JobEvent, { type: "done" | "error" | "cancelled" }>;

/** An event before the log gives it its place. */
export type NewJobEvent = JobEvent extends infer E
  ? E extends { seq: number } ? Omit<E, "seq" | "at"> & { at?: string } : never
  : never;

/** Tells the events that end a job from the others. */
export function isTerminal(event: { type: string }): event is TerminalEvent {
  return event.type === "done" || event.type === "error" || event.type === "cancelled";
}
