import { z } from "zod";
import { deviceSchema } from "../contracts/device.ts";
import { engineNameSchema, modelNameSchema } from "../contracts/operation.ts";
import { workerOptionsSchema } from "../contracts/worker.ts";
import { durationSchema } from "./duration.ts";
import { enginesSchema } from "./engine_settings.ts";

/** How many requests may wait, past which they are refused. */
export const DEFAULT_MAX_QUEUE = 512;

/** What bounds the work of a hive. */
export const hiveLimitsSchema = z.object({
  /** A worker without a request for so long is stopped, in milliseconds; 0: never. */
  idle: durationSchema.default(300_000),
  /** How many workers run at once. What is over waits. */
  max_workers: z.number().int().min(1).max(1000).default(16),
  /** How many requests wait for a worker, and how many spawns for a place. */
  max_queue: z.number().int().min(0).max(100_000).default(DEFAULT_MAX_QUEUE),
  /** Whether what cannot fit into memory is refused. */
  memory_check: z.boolean().default(true),
  /** Whether models may be fetched without encryption from other machines. */
  allow_http: z.boolean().default(false),
});
export type HiveLimits = z.infer<typeof hiveLimitsSchema>;

/** What rbee.yaml says of one model: the options of its workers, and how long they stay. */
export const modelSettingsSchema = z.strictObject({
  ...workerOptionsSchema.shape,
  device: deviceSchema.optional(),
  engine: engineNameSchema.optional(),
  /** In place of the hive's, in milliseconds. */
  idle: durationSchema.optional(),
  /** Never stopped for being idle, nor to make room. */
  pin: z.boolean().default(false),
  /** Started with the hive. */
  preload: z.boolean().default(false),
});
export type ModelSettings = z.infer<typeof modelSettingsSchema>;

/** What a hive reads of rbee.yaml beside where it listens. */
export const hiveSettingsSchema = z.object({
  limits: hiveLimitsSchema.prefault({}),
  models: z.record(modelNameSchema, modelSettingsSchema).default({}),
  engines: enginesSchema,
});
export type HiveSettings = z.infer<typeof hiveSettingsSchema>;
