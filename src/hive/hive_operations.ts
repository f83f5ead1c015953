import {
  statusSchema,
  workerListOperationSchema,
  workerSpawnSchema,
  workerStopSchema,
} from "../contracts/operation.ts";
import { operation, type OperationHandlers } from "../jobs/operation_handler.ts";
import { VERSION } from "../version.ts";
import { checkEngine } from "./engine_name.ts";
import { checkModelName } from "./model_name.ts";
import type { WorkerLifecycle } from "./worker_lifecycle.ts";

const QUICK = { kind: "total", ms: 10_000 } as const;
const STOP = { kind: "total", ms: 60_000 } as const;
// Above the stall limit of a worker's load, which has the better message.
const SPAWN = { kind: "stall", ms: 660_000 } as const;

/** The operations of a hive. */
export function hiveOperations(name: string, workers: WorkerLifecycle): OperationHandlers {
  return {
    status: operation(statusSchema, QUICK, () =>
      Promise.resolve({
        result: { role: "hive", name, version: VERSION, workers: workers.list().length },
      })),
    worker_list: operation(
      workerListOperationSchema,
      QUICK,
      () => Promise.resolve({ result: { workers: workers.list() } }),
    ),
    worker_spawn: operation(workerSpawnSchema, SPAWN, async (request, job) => {
      checkEngine(request.engine);
      await checkModelName(request.model);
      const worker = await workers.spawn(request, job.signal);
      return { result: worker.info() };
    }),
    worker_stop: operation(workerStopSchema, STOP, async (request) => ({
      result: await workers.stop(request.worker_id, "on request"),
    })),
  };
}
