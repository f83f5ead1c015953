import { z } from "zod";
import { RbeeError } from "../base/rbee_error.ts";
import type { JsonValue } from "../contracts/json_value.ts";
import {
  DEFAULT_PARALLEL,
  type WorkerInfo,
  workerInfoSchema,
  workerOptionsSchema,
} from "../contracts/worker.ts";
import type { Job } from "../jobs/job.ts";
import type { JobRegistry } from "../jobs/job_registry.ts";
import { splitEvents } from "../sse/split_events.ts";
import type { WorkerSpec } from "./worker_spec.ts";

const EVENT_NAME = "worker";

/** What is written at the begin of a worker's log, so that the log alone tells what it was. */
const notedSchema = z.object({
  model: z.string(),
  engine: z.string(),
  device: workerInfoSchema.shape.device,
  options: workerOptionsSchema.pick({ parallel: true }).default({}),
});

/** The job that is the life of a worker: the same UUID. */
export function jobIdOf(workerId: string): string {
  return workerId.replace(/^worker-/, "job-");
}

/** Writes at the begin of a worker's log what it is. */
export function noteWorker(job: Job, workerId: string, spec: WorkerSpec): void {
  const options: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(spec.options)) {
    if (value !== undefined) options[name] = value as JsonValue;
  }
  job.log.append({
    type: "data",
    name: EVENT_NAME,
    value: {
      worker_id: workerId,
      model: spec.model,
      engine: spec.engine,
      device: spec.device,
      options,
    },
  });
}

/**
 * The workers of hives before this one, oldest first, `limit` at most. One whose log has lost its begin
 * is left out.
 */
export function endedWorkers(logs: JobRegistry, hive: string, limit: number): WorkerInfo[] {
  return logs.list({ limit }).reverse().flatMap((view) => {
    const noted = notedOf(logs, view.job_id);
    if (noted === undefined) return [];
    const { options, ...spec } = noted;
    return [{
      worker_id: view.job_id.replace(/^job-/, "worker-"),
      hive,
      ...spec,
      state: view.state === "done" ? "stopped" as const : "failed" as const,
      pid: null,
      url: null,
      requests: 0,
      waiting: 0,
      parallel: options.parallel ?? DEFAULT_PARALLEL,
      restarts: 0,
      started_at: view.started_at ?? view.created_at,
      ...(view.error === undefined ? {} : { error: view.error }),
    }];
  });
}

function notedOf(logs: JobRegistry, jobId: string): z.infer<typeof notedSchema> | undefined {
  const bytes = logs.find(jobId)?.log.cursor().read();
  const first = bytes && splitEvents(bytes)[0];
  if (first?.type !== "data" || first.name !== EVENT_NAME) return undefined;
  return notedSchema.safeParse(first.value).data;
}

/** How the life of a worker ended whose hive was killed. */
export function lostWithItsHive(): RbeeError {
  return new RbeeError("worker_lost", "Its hive was killed, and the worker ended with it");
}
