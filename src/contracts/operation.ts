import { z } from "zod";
import { workerIdSchema } from "./identifiers.ts";
import { deviceSchema } from "./device.ts";
import { hiveNameSchema } from "./hive.ts";
import { workerOptionsSchema } from "./worker.ts";

/** What a model is called: a name, `hf:…`, `https://…` or a path; what exists is the hive's to say. */
export const modelNameSchema = z.string().min(1, "must not be empty").max(4096)
  // deno-lint-ignore no-control-regex -- control characters are exactly what must not be in a name
  .regex(/^[^\u0000-\u001f\u007f]*$/, "must not hold control characters");

/** An engine by its name in rbee.yaml; `llama` is the one inside rbee. */
export const engineNameSchema = z.string().regex(
  /^[a-z0-9][a-z0-9._-]{0,62}$/,
  "must be small letters, digits, dots, dashes and underscores, and begin with a letter or digit",
);

export const chatMessageSchema = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string(),
});
export type ChatMessage = z.infer<typeof chatMessageSchema>;

const MAX_PROMPT_CHARACTERS = 8 * 1024 * 1024;

/** Sampling and limits of one generation; defaults are those of the contract. */
export const samplingSchema = z.object({
  max_tokens: z.number().int().min(1).max(1_000_000).default(512),
  temperature: z.number().min(0).max(2).default(0.7),
  top_p: z.number().gt(0).max(1).optional(),
  top_k: z.number().int().min(0).max(1_000_000).optional(),
  // The largest number of 32 bits means a random one to llama.cpp.
  seed: z.number().int().min(0).max(4_294_967_294).optional(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(16)]).optional(),
});

const inferFields = {
  operation: z.literal("infer"),
  model: modelNameSchema,
  prompt: z.string().max(MAX_PROMPT_CHARACTERS).optional(),
  messages: z.array(chatMessageSchema).min(1).max(10_000).optional(),
  ...samplingSchema.shape,
  hive: hiveNameSchema.optional(),
  device: deviceSchema.optional(),
  engine: engineNameSchema.optional(),
};

/** A prompt is completed as it stands; messages go through the model's chat template. */
export const inferSchema = z.strictObject(inferFields).refine(
  (request) => (request.prompt === undefined) !== (request.messages === undefined),
  { message: "give either prompt or messages", path: ["prompt"] },
);
export type InferRequest = z.infer<typeof inferSchema>;
/** An `infer` as it is written, before the defaults. */
export type InferInput = z.input<typeof inferSchema>;

export const statusSchema = z.strictObject({ operation: z.literal("status") });
export const deviceListOperationSchema = z.strictObject({ operation: z.literal("device_list") });
export const hiveListOperationSchema = z.strictObject({ operation: z.literal("hive_list") });

export const workerListOperationSchema = z.strictObject({
  operation: z.literal("worker_list"),
  hive: hiveNameSchema.optional(),
});

export const workerSpawnSchema = z.strictObject({
  operation: z.literal("worker_spawn"),
  model: modelNameSchema,
  hive: hiveNameSchema.optional(),
  device: deviceSchema.optional(),
  engine: engineNameSchema.optional(),
  /** `any`: a worker of the model that was started with other options will do. Default `same`. */
  reuse: z.enum(["same", "any"]).optional(),
  ...workerOptionsSchema.shape,
});
export type WorkerSpawnRequest = z.infer<typeof workerSpawnSchema>;

export const workerStopSchema = z.strictObject({
  operation: z.literal("worker_stop"),
  worker_id: workerIdSchema,
  hive: hiveNameSchema.optional(),
});
export type WorkerStopRequest = z.infer<typeof workerStopSchema>;

/** Shows one hive. */
export const hiveGetSchema = z.strictObject({
  operation: z.literal("hive_get"),
  name: hiveNameSchema,
  /** Whether it is waited for until it is connected, up to 20 s. Default: one attempt is made. */
  wait: z.boolean().default(false),
});
