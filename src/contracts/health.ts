import { z } from "zod";
import { instanceSchema, roleSchema } from "./identifiers.ts";

/** What `GET /health` answers: 200 when `ok`, 503 while `starting` or `stopping`. */
export const healthSchema = z.object({
  status: z.enum(["ok", "starting", "stopping"]),
  role: roleSchema,
  version: z.string(),
  instance: instanceSchema,
  uptime_ms: z.number().nonnegative(),
});
export type Health = z.infer<typeof healthSchema>;
export type HealthStatus = Health["status"];
