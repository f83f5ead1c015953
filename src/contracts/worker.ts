import { z } from "zod";
import { jsonValueSchema } from "./json_value.ts";
import { timestampSchema, workerIdSchema } from "./identifiers.ts";
import { deviceSchema } from "./device.ts";

export const workerStateSchema = z.enum([
  "starting",
  "loading",
  "ready",
  "stopping",
  "stopped",
  "failed",
]);
export type WorkerState = z.infer<typeof workerStateSchema>;

/** How many requests a worker answers at once, unless it is told otherwise. */
export const DEFAULT_PARALLEL = 4;

/** What a worker was started with. Two requests with the same options share a worker. */
export const workerOptionsSchema = z.object({
  context: z.number().int().min(8).max(16_777_216).optional(),
  gpu_layers: z.number().int().min(0).max(10_000).optional(),
  parallel: z.number().int().min(1).max(256).optional(),
  kv_type: z.enum(["f16", "q8_0", "q4_0"]).optional(),
  threads: z.number().int().min(1).max(1024).optional(),
});
export type WorkerOptions = z.infer<typeof workerOptionsSchema>;

/** A worker as its hive and the queen list it. `url` is reached on the hive's own machine alone. */
export const workerInfoSchema = z.object({
  worker_id: workerIdSchema,
  hive: z.string(),
  /** The name that it was started with. */
  model: z.string(),
  /** What its hive's store calls the file that it was given; absent where no store keeps it. */
  stored_as: z.string().optional(),
  engine: z.string(),
  device: deviceSchema,
  state: workerStateSchema,
  pid: z.number().int().nullable(),
  url: z.string().nullable(),
  requests: z.number().int().nonnegative(),
  waiting: z.number().int().nonnegative(),
  /** How many requests it answers at once. */
  parallel: z.number().int().min(1).optional(),
  restarts: z.number().int().nonnegative(),
  started_at: timestampSchema,
  /** Why it failed; while it is being started again, why it died. */
  error: z.object({
    code: z.string(),
    message: z.string(),
    /** How it ended, and the last lines of its output. */
    details: jsonValueSchema.optional(),
  }).optional(),
});
export type WorkerInfo = z.infer<typeof workerInfoSchema>;

export const workerListSchema = z.object({ workers: z.array(workerInfoSchema) });
