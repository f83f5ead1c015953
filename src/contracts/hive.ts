import { z } from "zod";
import { deviceInfoSchema } from "./device.ts";

/** The name of a hive: what a person types, also part of an actor (`hive:gpu`). */
export const hiveNameSchema = z.string().max(63).regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  "must be letters, digits, dots, dashes and underscores, and begin with a letter or digit",
);

/** The name of the hive on the queen's own machine. */
export const LOCAL_HIVE = "local";

/** A hive as the queen lists it; `error` tells why it is not connected. */
export const hiveInfoSchema = z.object({
  name: hiveNameSchema,
  url: z.string().nullable(),
  state: z.enum(["connected", "connecting", "unreachable"]),
  error: z.string().optional(),
  version: z.string().nullable(),
  devices: z.array(deviceInfoSchema),
  /** Load averages of its machine over 1, 5 and 15 minutes; empty when they are not known. */
  load: z.array(z.number().nonnegative()).default([]),
  workers: z.number().int().nonnegative(),
});
export type HiveInfo = z.infer<typeof hiveInfoSchema>;

export const hiveListSchema = z.object({ hives: z.array(hiveInfoSchema) });
