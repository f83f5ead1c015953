import { addQueueLength, addQueueWait } from "../metrics/queue_metrics.ts";
import type { RoleMetrics } from "../metrics/role_metrics.ts";
import { Tally } from "../metrics/tally.ts";
import type { Hives } from "./hives.ts";
import { hiveInfo } from "./known_hive.ts";
import type { RequestSlots } from "./request_slots.ts";

/** Adds the queen's own figures: her queue, and what she knows of her hives and their workers. */
export function addQueenMetrics(
  metrics: RoleMetrics,
  hives: Pick<Hives, "known">,
  slots: RequestSlots,
): void {
  addQueueLength(metrics, () => slots.counts);
  slots.onWaited = addQueueWait(metrics);
  metrics.gauge({
    name: "hives",
    help: "Hives that she knows, by state",
    labels: ["state"],
  }, () => {
    const counts = new Tally();
    for (const hive of hives.known()) counts.add({ state: hiveInfo(hive).state });
    return counts.figures;
  });
  metrics.gauge({
    name: "workers",
    help: "Workers of her hives, by hive and state",
    labels: ["hive", "state"],
  }, () => {
    const counts = new Tally();
    for (const { workers } of hives.known()) {
      for (const { hive, state } of workers) counts.add({ hive, state });
    }
    return counts.figures;
  });
}
