import {
  hiveListOperationSchema,
  inferSchema,
  statusSchema,
  workerListOperationSchema,
} from "../contracts/operation.ts";
import { operation, type OperationHandlers } from "../jobs/operation_handler.ts";
import { VERSION } from "../version.ts";
import type { Hives } from "./hives.ts";
import { infer } from "./infer.ts";

const QUICK = { kind: "total", ms: 10_000 } as const;
// Above the limits of hive and worker, which have the better messages.
const INFER = { kind: "stall", ms: 720_000 } as const;

/** The operations of the queen. */
export function queenOperations(hives: Hives): OperationHandlers {
  return {
    status: operation(statusSchema, QUICK, async () => ({
      result: { role: "queen", version: VERSION, hives: await hives.list() },
    })),
    hive_list: operation(hiveListOperationSchema, QUICK, async () => ({
      result: { hives: await hives.list() },
    })),
    worker_list: operation(workerListOperationSchema, QUICK, async (request) => ({
      result: { workers: await hives.workers(request.hive) },
    })),
    infer: operation(inferSchema, INFER, (request, job) => infer(hives, request, job)),
  };
}
