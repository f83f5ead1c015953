import { describeDuration } from "../config/duration.ts";
import { narrate } from "../narration/narrate.ts";
import type { DeathReason } from "./death_reason.ts";
import type { RestartBudget } from "./restart_budget.ts";

/** Says that a worker has died and when it is started again. */
export function narrateRestart(
  model: string,
  death: DeathReason,
  waitMs: number,
  budget: RestartBudget,
): void {
  const { maxRestarts, windowMs, used } = budget;
  narrate("worker_died", death.message, { level: "warn" });
  narrate(
    "worker_restart",
    `Starting the worker for ${model} again in ${
      describeDuration(waitMs)
    } (${used} of ${maxRestarts} restarts in ${describeDuration(windowMs)})`,
    { fields: { wait_ms: Math.round(waitMs), restarts: used } },
  );
}

/** Says why a worker is not started again. */
export function givenUp({ maxRestarts, windowMs }: RestartBudget): string {
  return `it was restarted ${maxRestarts} times in ${
    describeDuration(windowMs)
  } and is not started again`;
}
