import { z } from "zod";
import { deviceInfoSchema } from "./device.ts";
import { hiveInfoSchema } from "./hive.ts";
import { timestampSchema } from "./identifiers.ts";
import { modelSizeSchema } from "./model.ts";
import { workerInfoSchema } from "./worker.ts";

/** How often telemetry is sent when nothing changes: one beat, in milliseconds. */
export const BEAT_MS = 2000;

const bytesSchema = z.number().int().nonnegative();

/** What of its machine's memory a worker holds for its model, in bytes. */
const workerMemorySchema = z.object({
  /** Of the machine's memory. */
  ram_bytes: bytesSchema,
  /** What of that is the model's file, which the machine goes on to count as free. */
  mapped_bytes: bytesSchema,
  /** Of the GPUs' memory. */
  vram_bytes: bytesSchema,
});

/** A worker in telemetry: as it is listed, without the output of a dead one, and what it uses. */
export const workerTelemetrySchema = workerInfoSchema.extend({
  /** Of one core, with all that it started; null when it is not known. Above 100 with several threads. */
  cpu_percent: z.number().nonnegative().nullable(),
  /** Resident memory, with all that it started. */
  memory_bytes: z.number().int().nonnegative().nullable(),
  /** Since its present start. */
  uptime_ms: z.number().nonnegative(),
  /** What its end would free; absent where it is not known. */
  memory: workerMemorySchema.optional(),
  /** Whether nobody uses it or waits for it, and its hive may stop it to make room for another. */
  removable: z.boolean().optional(),
  /** Whether it waits for a place among its hive's workers, and has no process before it has one. */
  queued: z.boolean().optional(),
  /** How much of its model is loaded; absent where it does not load, or does not tell. */
  load_percent: z.number().min(0).max(100).optional(),
  /** How many tokens of its answers came through the queen in each of the last seconds. Hers alone. */
  tokens_per_second: z.number().nonnegative().optional(),
});
export type WorkerTelemetry = z.infer<typeof workerTelemetrySchema>;

const countSchema = z.number().int().nonnegative();

/** How many workers a hive can have. */
export const placesTelemetrySchema = z.object({
  /** How many run at once. */
  total: countSchema,
  /** How many more could run now, without any being stopped. */
  free: countSchema,
  /** How many of its workers are never stopped to make room. */
  pinned: countSchema,
  /** How many wait for a place. */
  waiting: countSchema,
  /** How many may wait, past which it refuses. */
  max_waiting: countSchema,
});
export type PlacesTelemetry = z.infer<typeof placesTelemetrySchema>;

/** One `telemetry` event of a hive: at each beat, and at each change of a worker's state. */
export const hiveTelemetrySchema = z.object({
  at: timestampSchema,
  hive: z.string(),
  version: z.string(),
  workers: z.array(workerTelemetrySchema),
  devices: z.array(deviceInfoSchema),
  /** Load averages of the machine over 1, 5 and 15 minutes. */
  load: z.array(z.number().nonnegative()),
  /** The models that are whole on its disk, by the names that it keeps them under. */
  models: z.array(modelSizeSchema).default([]),
  /** The engines that it can start, by name. None: it does not tell. */
  engines: z.array(z.string()).default([]),
  /** The places of its workers. Absent: it does not tell. */
  places: placesTelemetrySchema.optional(),
});
export type HiveTelemetry = z.infer<typeof hiveTelemetrySchema>;

/** One `telemetry` event of the queen: at each beat, and whenever a hive says something new. */
export const queenTelemetrySchema = z.object({
  at: timestampSchema,
  hives: z.array(hiveInfoSchema),
  workers: z.array(workerTelemetrySchema),
});
export type QueenTelemetry = z.infer<typeof queenTelemetrySchema>;
