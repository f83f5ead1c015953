import { z } from "zod";
import { deviceSchema } from "../contracts/device.ts";
import { engineNameSchema, modelNameSchema } from "../contracts/operation.ts";
import { DEFAULT_PARALLEL, workerOptionsSchema } from "../contracts/worker.ts";
import { durationSchema } from "./duration.ts";
import { enginesSchema } from "./engine_settings.ts";

/** How many requests may wait, past which they are refused. */
export const DEFAULT_MAX_QUEUE = 512;

/** What bounds the work of a hive. */
export const hiveLimitsSchema = z.object({
  /** In milliseconds when it is read. */
  idle: durationSchema.prefault("5m").describe(
    "A worker without a request for so long is stopped: a time such as 90s, 5m or 1h; a number without a unit is seconds; 0: never",
  ),
  max_workers: z.number().int().min(1).max(1000).default(16)
    .describe("How many workers run at once; what is over waits"),
  max_queue: z.number().int().min(0).max(100_000).default(DEFAULT_MAX_QUEUE)
    .describe("How many requests wait for a worker, and how many starts of workers for a place"),
  memory_check: z.boolean().default(true)
    .describe("Whether what cannot fit into memory is refused"),
  allow_http: z.boolean().default(false)
    .describe("Whether models may be fetched without encryption from other machines"),
});

const options = workerOptionsSchema.shape;

/** What rbee.yaml says of one model: the options of its workers, and how long they stay. */
export const modelSettingsSchema = z.strictObject({
  context: options.context.describe("Tokens a slot (default: the model's own, 4096 at most)"),
  gpu_layers: options.gpu_layers.describe("Layers on the GPU (default: as many as fit)"),
  parallel: options.parallel.describe(`Requests at once (default: ${DEFAULT_PARALLEL})`),
  kv_type: options.kv_type.describe("Type of the keys and values in memory (default: f16)"),
  threads: options.threads.describe("Threads (default: by the model's size and idle cores)"),
  device: deviceSchema.optional()
    .describe("auto, cpu, gpu, cuda:N, vulkan:N or metal (default: auto)"),
  engine: engineNameSchema.optional()
    .describe("A name under engines, or llama, the engine inside rbee (default: llama)"),
  /** In milliseconds when it is read. */
  idle: durationSchema.optional().describe("In place of hive.idle"),
  pin: z.boolean().default(false)
    .describe("Whether its workers are never stopped for being idle, nor to make room"),
  preload: z.boolean().default(false).describe("Whether a worker is started with the hive"),
});
export type ModelSettings = z.infer<typeof modelSettingsSchema>;

/** What a hive reads of rbee.yaml beside where it listens. */
export const hiveSettingsSchema = z.object({
  limits: hiveLimitsSchema.prefault({}),
  models: z.record(modelNameSchema, modelSettingsSchema).default({})
    .describe("What the workers of a model are started with, and how long they stay, by its name"),
  engines: enginesSchema,
});
export type HiveSettings = z.infer<typeof hiveSettingsSchema>;
