import { z } from "zod";
import { chatMessageSchema } from "./chat_message.ts";
import { workerIdSchema } from "./identifiers.ts";
import { deviceSchema } from "./device.ts";
import { hiveNameSchema } from "./hive.ts";
import { samplingSchema } from "./sampling.ts";
import { type Tool, type ToolChoice, toolChoiceSchema, toolsSchema } from "./tool.ts";
import { workerOptionsSchema } from "./worker.ts";

/** What a model is called: a name, `hf:…`, `https://…` or a path; what exists is the hive's to say. */
export const modelNameSchema = z.string().min(1, "must not be empty").max(4096)
  // deno-lint-ignore no-control-regex -- control characters are exactly what must not be in a name
  .regex(/^[^\u0000-\u001f\u007f]*$/, "must not hold control characters")
  // They turn around how what stands beside the name reads.
  .regex(
    /^[^\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/,
    "must not hold marks of direction, which nobody sees",
  )
  // A name is listed and kept, and so no place for what nobody else may know.
  .refine((name) => !/^https?:\/\/[^/?#]*@/i.test(name), "must not hold a user or a password");

/** An engine by its name in rbee.yaml; `llama` is the one inside rbee. */
export const engineNameSchema = z.string().regex(
  /^[a-z0-9][a-z0-9._-]{0,62}$/,
  "must be small letters, digits, dots, dashes and underscores, and begin with a letter or digit",
);

const MAX_PROMPT_CHARACTERS = 8 * 1024 * 1024;

const embeddedTextSchema = z.string().min(1, "must not be empty").max(MAX_PROMPT_CHARACTERS);

/** Where a request may go. */
const placementFields = {
  hive: hiveNameSchema.optional(),
  device: deviceSchema.optional(),
  engine: engineNameSchema.optional(),
};

const inferFields = {
  operation: z.literal("infer"),
  model: modelNameSchema,
  prompt: z.string().max(MAX_PROMPT_CHARACTERS).optional(),
  messages: z.array(chatMessageSchema).min(1).max(10_000).optional(),
  ...samplingSchema.shape,
  tools: toolsSchema.optional(),
  /** Default: `auto` with tools. */
  tool_choice: toolChoiceSchema.optional(),
  /** Whether one answer may hold several calls. Default true. */
  parallel_tool_calls: z.boolean().optional(),
  ...placementFields,
};

/**
 * A prompt is completed as it stands; messages go through the model's chat template. The answer comes
 * as `token` events, its calls of tools after them as one `data` event, `tool_calls`.
 */
export const inferSchema = z.strictObject(inferFields).refine(
  (request) => (request.prompt === undefined) !== (request.messages === undefined),
  { message: "give either prompt or messages", path: ["prompt"] },
).refine(
  ({ tools, messages }) => tools === undefined || messages !== undefined,
  { message: "need messages; a prompt is completed as it stands", path: ["tools"] },
).refine(
  ({ tools, tool_choice }) => canChoose(tools, tool_choice),
  { message: "needs tools that hold what it chooses", path: ["tool_choice"] },
);
export type InferRequest = z.infer<typeof inferSchema>;
/** An `infer` as it is written, before the defaults. */
export type InferInput = z.input<typeof inferSchema>;

/** Turns each text into a vector, in the order given. */
export const embedSchema = z.strictObject({
  operation: z.literal("embed"),
  model: modelNameSchema,
  input: z.union([embeddedTextSchema, z.array(embeddedTextSchema).min(1).max(2048)]),
  ...placementFields,
});
export type EmbedRequest = z.infer<typeof embedSchema>;

/** The result of `embed`: a vector a text, all of one length. */
export const embedResultSchema = z.looseObject({
  model: modelNameSchema,
  embeddings: z.array(z.array(z.number())).min(1),
});

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

function canChoose(tools: readonly Tool[] | undefined, choice: ToolChoice | undefined): boolean {
  if (choice === undefined || choice === "none") return true;
  if (tools === undefined) return choice === "auto";
  return typeof choice === "string" ||
    tools.some((tool) => tool.function.name === choice.function.name);
}
