import {
  deviceListOperationSchema,
  statusSchema,
  workerListOperationSchema,
  workerSpawnSchema,
  workerStopSchema,
} from "../contracts/operation.ts";
import type { DeviceInfo } from "../contracts/device.ts";
import { operation, type OperationHandlers } from "../jobs/operation_handler.ts";
import { VERSION } from "../version.ts";
import { type ModelOperationParts, modelOperations } from "./model_operations.ts";
import type { WorkerLifecycle } from "./worker_lifecycle.ts";

const QUICK = { kind: "total", ms: 10_000 } as const;
const STOP = { kind: "total", ms: 60_000 } as const;
// What lists devices may have to ask programs that hang.
const SURVEY = { kind: "total", ms: 30_000 } as const;
// Above the stall limit of a worker's load, which has the better message.
const SPAWN = { kind: "stall", ms: 660_000 } as const;

/** What the operations of a hive work with. */
export interface HiveOperationParts {
  /** The hive's name. */
  name: string;
  workers: WorkerLifecycle;
  devices(): Promise<DeviceInfo[]>;
  models: Omit<ModelOperationParts, "workers">;
}

/** The operations of a hive. */
export function hiveOperations(parts: HiveOperationParts): OperationHandlers {
  const { name, workers } = parts;
  return {
    status: operation(statusSchema, QUICK, () =>
      Promise.resolve({
        result: { role: "hive", name, version: VERSION, workers: workers.running().length },
      })),
    device_list: operation(deviceListOperationSchema, SURVEY, async () => ({
      result: { devices: await parts.devices() },
    })),
    worker_list: operation(
      workerListOperationSchema,
      QUICK,
      () => Promise.resolve({ result: { workers: workers.list() } }),
    ),
    worker_spawn: operation(workerSpawnSchema, SPAWN, async (request, job) => {
      const worker = await workers.spawn(request, job.signal);
      return { result: worker.info() };
    }, { admit: (request) => workers.requireRoom(request) }),
    worker_stop: operation(workerStopSchema, STOP, async (request) => ({
      result: await workers.stop(request.worker_id, "on request"),
    })),
    ...modelOperations({ ...parts.models, workers }),
  };
}
