import type { HiveSettings } from "../config/hive_settings.ts";
import { isUnused } from "./idle_clock.ts";
import { isPinned } from "./model_policy.ts";
import type { Worker } from "./worker.ts";

/** Workers that may go to make room, the least recently used first. */
export function removableWorkers(workers: readonly Worker[], settings: HiveSettings): Worker[] {
  return unusedWorkers(workers, settings).filter(isUnused);
}

/** Workers that stay until somebody ends them, also those that wait for a place. */
export function pinnedWorkers(workers: readonly Worker[], settings: HiveSettings): Worker[] {
  return workers.filter(({ state, spec }) =>
    state !== "stopping" && isPinned(settings, spec.model)
  );
}

/** Those that may go, with those that are kept for a moment for who has just been given them. */
export function unusedWorkers(workers: readonly Worker[], settings: HiveSettings): Worker[] {
  return workers.filter(({ state, requests, spec }) =>
    state === "ready" && requests === 0 && !isPinned(settings, spec.model)
  ).sort((a, b) => a.lastUsedMs - b.lastUsedMs);
}
