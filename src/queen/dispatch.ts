import type { RequestSlots } from "./request_slots.ts";
import {
  embedSchema,
  hiveListOperationSchema,
  inferSchema,
  statusSchema,
  workerListOperationSchema,
  workerSpawnSchema,
  workerStopSchema,
} from "../contracts/operation.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { operation, type OperationHandlers } from "../jobs/operation_handler.ts";
import { VERSION } from "../version.ts";
import { embed } from "./embed.ts";
import type { Hives } from "./hives.ts";
import { infer } from "./infer.ts";
import { modelOperations } from "./model_operations.ts";
import { permitInfer } from "./permit_infer.ts";
import { spawnWorker, stopWorker } from "./workers.ts";

const QUICK = { kind: "total", ms: 10_000 } as const;
// Above the limits of hive and worker, which have the better messages.
const INFER = { kind: "stall", ms: 720_000 } as const;
const SPAWN = { kind: "stall", ms: 690_000 } as const;
const STOP = { kind: "total", ms: 90_000 } as const;

/** The operations of the queen. */
export function queenOperations(hives: Hives, slots: RequestSlots): OperationHandlers {
  const admit = () => slots.requireRoom();
  const inTurn = (job: Job, work: () => Promise<JobResult>) => slots.inTurn(job.signal, work);
  return {
    status: operation(statusSchema, QUICK, async () => ({
      result: { role: "queen", version: VERSION, hives: await hives.list() },
    })),
    hive_list: operation(hiveListOperationSchema, QUICK, async () => ({
      result: { hives: await hives.list() },
    })),
    ...modelOperations(hives),
    worker_list: operation(workerListOperationSchema, QUICK, async (request) => ({
      result: { workers: await hives.workers(request.hive) },
    })),
    worker_spawn: operation(
      workerSpawnSchema,
      SPAWN,
      (request, job) => spawnWorker(hives, request, job),
    ),
    worker_stop: operation(
      workerStopSchema,
      STOP,
      (request, job) => stopWorker(hives, request, job),
    ),
    infer: operation(
      inferSchema,
      INFER,
      (request, job) => inTurn(job, () => infer(hives, request, job)),
      { admit, permitInfer },
    ),
    embed: operation(
      embedSchema,
      INFER,
      (request, job) => inTurn(job, () => embed(hives, request, job)),
      { admit, permitInfer },
    ),
  };
}
