import { z } from "zod";

const bytesSchema = z.number().int().nonnegative();

/** What llama.cpp computes on: `cpu` where it sees no GPU, or was told to use none. */
const backendSchema = z.enum(["cpu", "cuda", "vulkan", "metal"]);

/** What a model needs with its options, as llama.cpp would allocate it. Memory is in bytes. */
export const memoryNeedSchema = z.object({
  backend: backendSchema,
  /** The weights, wherever they are. */
  model_bytes: bytesSchema,
  /** What all slots together keep of their conversations, and what computing takes. */
  context_bytes: bytesSchema,
  /** What each further token of `context` takes, in all slots together. */
  context_token_bytes: bytesSchema,
  /** What of both is on the GPU. */
  vram_bytes: bytesSchema,
  /** What of both is not. */
  ram_bytes: bytesSchema,
  /** How many layers the model has, its output included. */
  layers: z.number().int().nonnegative(),
  /** How many of them are on the GPU. */
  gpu_layers: z.number().int().nonnegative(),
  /** Tokens of one slot. */
  context: z.number().int().positive(),
});
export type MemoryNeed = z.infer<typeof memoryNeedSchema>;

/** What llama.cpp itself sees of the machine's GPUs. */
const probedDevicesSchema = z.object({
  rbee: z.literal("probe"),
  probe: z.literal("devices"),
  backend: backendSchema,
  /** In llama.cpp's order, which is that of `cuda:N` and `vulkan:N`. Null: it cannot be known. */
  devices: z.array(z.object({
    name: z.string(),
    total_bytes: bytesSchema.nullable(),
    free_bytes: bytesSchema.nullable(),
  })),
});
export type ProbedDevices = z.infer<typeof probedDevicesSchema>;

const probedMemorySchema = memoryNeedSchema.extend({
  rbee: z.literal("probe"),
  probe: z.literal("memory"),
});

/** The one line that `rbee serve --role worker --probe …` prints. */
export const probeAnswerSchema = z.discriminatedUnion("probe", [
  probedDevicesSchema,
  probedMemorySchema,
]);
export type ProbeAnswer = z.infer<typeof probeAnswerSchema>;
