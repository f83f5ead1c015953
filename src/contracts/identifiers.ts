import { z } from "zod";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const JOB_ID = /^job-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** `job-` and a UUIDv7 in lower case, whose first 48 bits are the time of its creation. */
export const jobIdSchema = z.string().regex(JOB_ID, "must be job- and a UUIDv7");

/** What ties the jobs of one request together on every hop: a UUID of 36 characters. */
export const correlationIdSchema = z.string().regex(UUID, "must be a UUID of 36 characters");

/** `worker-` and a UUIDv7 in lower case. Unique over all hives. */
export const workerIdSchema = z.string().regex(/^worker-[0-9a-f-]{36}$/, "must be a worker id");

/** One start of one process: a UUID made when it starts. */
export const instanceSchema = z.string().regex(UUID, "must be a UUID");

/** ISO 8601 in UTC with milliseconds, for example `2026-01-31T12:00:00.123Z`. */
export const timestampSchema = z.string().regex(
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  "must be a time in UTC with milliseconds",
);

/** The four parts that this program can play. */
export const roleSchema = z.enum(["queen", "hive", "worker", "keeper"]);
export type Role = z.infer<typeof roleSchema>;
