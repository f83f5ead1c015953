import { z } from "zod";
import { deviceInfoSchema } from "./device.ts";
import { hiveInfoSchema } from "./hive.ts";
import { timestampSchema } from "./identifiers.ts";
import { workerInfoSchema } from "./worker.ts";

/** How often telemetry is sent when nothing changes: one beat, in milliseconds. */
export const BEAT_MS = 2000;

/** A worker in telemetry: as it is listed, without the output of a dead one, and what it uses. */
export const workerTelemetrySchema = workerInfoSchema.extend({
  /** Of one core, with all that it started; null when it is not known. Above 100 with several threads. */
  cpu_percent: z.number().nonnegative().nullable(),
  /** Resident memory, with all that it started. */
  memory_bytes: z.number().int().nonnegative().nullable(),
  /** Since its present start. */
  uptime_ms: z.number().nonnegative(),
});
export type WorkerTelemetry = z.infer<typeof workerTelemetrySchema>;

/** One `telemetry` event of a hive: at each beat, and at each change of a worker's state. */
export const hiveTelemetrySchema = z.object({
  at: timestampSchema,
  hive: z.string(),
  version: z.string(),
  workers: z.array(workerTelemetrySchema),
  devices: z.array(deviceInfoSchema),
  /** Load averages of the machine over 1, 5 and 15 minutes. */
  load: z.array(z.number().nonnegative()),
});
export type HiveTelemetry = z.infer<typeof hiveTelemetrySchema>;

/** One `telemetry` event of the queen: at each beat, and whenever a hive says something new. */
export const queenTelemetrySchema = z.object({
  at: timestampSchema,
  hives: z.array(hiveInfoSchema),
  workers: z.array(workerTelemetrySchema),
});
export type QueenTelemetry = z.infer<typeof queenTelemetrySchema>;
