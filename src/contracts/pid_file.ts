import { z } from "zod";
import { instanceSchema } from "./identifiers.ts";

/**
 * What a running queen or hive keeps in its state folder. `start_time` is the kernel's, in ticks
 * since boot; together with `executable` it tells the process from a later one with the same pid.
 */
export const pidFileSchema = z.object({
  pid: z.number().int().positive(),
  start_time: z.string().nullable(),
  executable: z.string().nullable(),
  instance: instanceSchema,
  url: z.url(),
  /** How the commands and the queen of this home reach it, where that is not `url`. */
  local_url: z.url().optional(),
});
export type PidFile = z.infer<typeof pidFileSchema>;
