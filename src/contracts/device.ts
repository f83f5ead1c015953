import { z } from "zod";

/** Where a model runs. `auto` takes a GPU where there is one; `gpu` insists on one. */
export const deviceSchema = z.string().regex(
  /^(auto|cpu|gpu|metal|cuda:\d{1,3}|vulkan:\d{1,3})$/,
  "must be auto, cpu, gpu, cuda:N, vulkan:N or metal",
);

const bytesSchema = z.number().int().nonnegative();

/**
 * What a hive knows of a device of its machine. Memory is in bytes, and null where it cannot be known;
 * that of the processor is the machine's, or what its container may use where that is less.
 */
export const deviceInfoSchema = z.object({
  /** As a request names it: `cpu`, `cuda:0`, `vulkan:1`, `metal`. */
  device: deviceSchema,
  kind: z.enum(["cpu", "cuda", "vulkan", "metal"]),
  /** The model, as its maker calls it. */
  name: z.string(),
  total_bytes: bytesSchema.nullable(),
  free_bytes: bytesSchema.nullable(),
  /** Of the processor: how many threads run at once. */
  cores: z.number().int().positive().optional(),
  /** Of the processor: what matters to llama.cpp, for example `avx2`, `avx512f`, `neon`. */
  instruction_sets: z.array(z.string()).optional(),
  /** Of the processor: what the container may use, where it is limited. */
  limit_bytes: bytesSchema.optional(),
});
export type DeviceInfo = z.infer<typeof deviceInfoSchema>;

/** The result of `device_list`. The processor is always there, and first. */
export const deviceListSchema = z.object({ devices: z.array(deviceInfoSchema).min(1) });
