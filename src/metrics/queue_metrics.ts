import type { RoleMetrics } from "./role_metrics.ts";

const SECONDS = [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** Adds how long requests wait for their turn; call what it returns with each wait, in seconds. */
export function addQueueWait(metrics: Pick<RoleMetrics, "histogram">): (seconds: number) => void {
  return metrics.histogram({
    name: "queue_wait_seconds",
    help: "How long requests waited for their turn, those that did not wait too",
    buckets: SECONDS,
  });
}

/** Adds how many requests are worked on and how many wait, read when it is asked for. */
export function addQueueLength(
  metrics: Pick<RoleMetrics, "gauge">,
  counts: () => { running: number; waiting: number },
): void {
  metrics.gauge(
    { name: "requests_running", help: "Requests for inference that are worked on" },
    () => counts().running,
  );
  metrics.gauge(
    { name: "queue_length", help: "Requests for inference that wait for their turn" },
    () => counts().waiting,
  );
}
