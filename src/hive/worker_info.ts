import { OWN_ENGINE } from "../config/engine_settings.ts";
import type { WorkerInfo } from "../contracts/worker.ts";
import { narrate } from "../narration/narrate.ts";
import type { Worker } from "./worker.ts";
import type { WorkerSpec } from "./worker_spec.ts";

/** How a worker is listed. What is over its slots waits. */
export function workerInfo(
  worker: Pick<
    Worker,
    "id" | "spec" | "state" | "pid" | "url" | "requests" | "parallel" | "error" | "storedName"
  >,
  facts: { hive: string; restarts: number; startedAt: string },
): WorkerInfo {
  const { id, spec, state, pid, url, requests, parallel, error, storedName } = worker;
  return {
    worker_id: id,
    hive: facts.hive,
    model: spec.model,
    ...(storedName === undefined ? {} : { stored_as: storedName }),
    engine: spec.engine,
    device: spec.device,
    state,
    pid,
    url,
    requests: Math.min(requests, parallel),
    waiting: Math.max(0, requests - parallel),
    parallel,
    restarts: facts.restarts,
    started_at: facts.startedAt,
    ...(error === undefined ? {} : { error }),
  };
}

/** The process of a worker in a sentence, ` (process 4711)`; nothing while it has none. */
export function processOf(worker: Pick<Worker, "pid">): string {
  return worker.pid === null ? "" : ` (process ${worker.pid})`;
}

/** Says that a worker is being started. */
export function narrateSpawn({ model, device, engine }: WorkerSpec): void {
  const how = engine === OWN_ENGINE ? "" : ` with ${engine}`;
  narrate("worker_spawn", `Spawning worker for ${model} on ${device}${how}`);
}

/** Says that who asked for a model shares a worker that has it, or loads it, perhaps by another name. */
export function narrateShared(
  worker: Pick<Worker, "id" | "spec" | "state" | "pid">,
  asked: string,
): void {
  const { id: worker_id, spec: { model }, state } = worker;
  const name = model === asked ? "" : ` as ${model}`;
  const [action, how] = state === "ready"
    ? ["worker_reuse", "loaded"]
    : ["worker_wait", "being loaded"];
  narrate(action, `${asked} is already ${how}${name}${processOf(worker)}`, {
    fields: { worker_id },
  });
}
