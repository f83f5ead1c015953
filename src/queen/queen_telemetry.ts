import { timestamp } from "../base/timestamp.ts";
import { type QueenTelemetry, workerTelemetrySchema } from "../contracts/telemetry.ts";
import type { Hives } from "./hives.ts";
import { hiveInfo } from "./known_hive.ts";

/**
 * What the queen knows of her hives and their workers, without asking anybody. How many tokens a worker
 * gives is what she counts, whatever its hive says.
 */
export function queenTelemetry(hives: Pick<Hives, "known" | "tokens">): QueenTelemetry {
  const known = hives.known();
  return {
    at: timestamp(),
    hives: known.map(hiveInfo),
    // One that was noted before its hive's telemetry named it comes with the next of that.
    workers: known.flatMap(({ workers }) =>
      workers.flatMap((worker) => {
        const { data } = workerTelemetrySchema.safeParse(worker);
        if (data === undefined) return [];
        return { ...data, tokens_per_second: hives.tokens.rateOf(data.worker_id) };
      })
    ),
  };
}
