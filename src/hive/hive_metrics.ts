import { redact } from "../base/redact.ts";
import type { LabelledFigure, RoleMetrics } from "../metrics/role_metrics.ts";
import { Tally } from "../metrics/tally.ts";
import type { Worker } from "./worker.ts";
import { figuresOfWorkers } from "./worker_figures.ts";
import type { WorkerLifecycle } from "./worker_lifecycle.ts";
import { listProcesses } from "../process/process_table.ts";

const OF_WORKER = ["worker_id", "model"];
const MAX_MODEL_CHARACTERS = 200;

/**
 * Adds a hive's own figures, and those of its workers: what the hive knows of each, and what its own
 * engine's tell themselves. A model is named as long as it has a worker that has not ended.
 */
export function addHiveMetrics(metrics: RoleMetrics, workers: WorkerLifecycle): void {
  metrics.gauge({
    name: "workers",
    help: "Workers that have not ended, and those that ended last, by state",
    labels: ["state"],
  }, () => {
    const counts = new Tally();
    for (const { state } of workers.current()) counts.add({ state });
    return counts.figures;
  });
  const { places } = workers;
  metrics.gauge(
    { name: "worker_places", help: "How many workers may run at once" },
    () => places.telemetry.total,
  );
  metrics.gauge(
    { name: "worker_places_free", help: "How many more workers may be started" },
    () => places.telemetry.free,
  );
  metrics.gauge(
    { name: "worker_places_waiting", help: "Workers that wait for a place" },
    () => places.telemetry.waiting,
  );
  const each = (figure: (worker: Worker) => number | undefined): LabelledFigure[] =>
    workers.running().flatMap((worker) => {
      const value = figure(worker);
      return value === undefined ? [] : [{ labels: labelsOf(worker), value }];
    });
  metrics.counter({
    name: "worker_restarts_total",
    help: "How often a worker was started again after it had died",
    labels: OF_WORKER,
  }, () => each((worker) => worker.info().restarts));
  metrics.gauge({
    name: "worker_requests",
    help: "Requests that a worker answers",
    labels: OF_WORKER,
  }, () => each((worker) => worker.info().requests));
  metrics.gauge({
    name: "worker_requests_waiting",
    help: "Requests that wait for a slot of a worker",
    labels: OF_WORKER,
  }, () => each((worker) => worker.info().waiting));
  metrics.gauge({
    name: "worker_resident_memory_bytes",
    help: "Resident memory of a worker and what it has started, in bytes",
    labels: OF_WORKER,
  }, () => {
    const bytes = memoryOfGroups(workers.running());
    return each(({ pid }) => pid === null ? undefined : bytes.get(pid));
  });
  metrics.addElsewhere(() => figuresOfWorkers(workers.running(), labelsOf));
}

/** By what a worker's figures are told from others'. The address of a model may hold a secret. */
function labelsOf({ id, spec }: Pick<Worker, "id" | "spec">): Record<string, string> {
  return { worker_id: id, model: redact(spec.model).slice(0, MAX_MODEL_CHARACTERS) };
}

function memoryOfGroups(workers: readonly Worker[]): Map<number, number> {
  const bytes = new Map<number, number>();
  for (const { pid } of workers) if (pid !== null) bytes.set(pid, 0);
  for (const { pgid, memoryBytes } of bytes.size === 0 ? [] : listProcesses()) {
    const before = bytes.get(pgid);
    if (before !== undefined) bytes.set(pgid, before + memoryBytes);
  }
  return bytes;
}
