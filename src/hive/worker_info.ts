import type { WorkerInfo } from "../contracts/worker.ts";
import type { Worker } from "./worker.ts";

/** How a worker is listed. What is over its slots waits. */
export function workerInfo(
  worker: Pick<
    Worker,
    "id" | "spec" | "state" | "pid" | "url" | "requests" | "parallel" | "error"
  >,
  facts: { hive: string; restarts: number; startedAt: string },
): WorkerInfo {
  const { id, spec, state, pid, url, requests, parallel, error } = worker;
  return {
    worker_id: id,
    hive: facts.hive,
    model: spec.model,
    engine: spec.engine,
    device: spec.device,
    state,
    pid,
    url,
    requests: Math.min(requests, parallel),
    waiting: Math.max(0, requests - parallel),
    restarts: facts.restarts,
    started_at: facts.startedAt,
    ...(error === undefined ? {} : { error }),
  };
}

/** The process of a worker in a sentence, ` (process 4711)`; nothing while it has none. */
export function processOf(worker: Pick<Worker, "pid">): string {
  return worker.pid === null ? "" : ` (process ${worker.pid})`;
}
