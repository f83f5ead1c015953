import type { InferRequest } from "../contracts/operation.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { askWorker } from "./ask_worker.ts";
import type { Hives } from "./hives.ts";

/**
 * Answers a request: chooses a hive, has it load the model where none of its workers has it, and
 * relays the worker's tokens. A worker that is lost before its first token is replaced once.
 */
export async function infer(hives: Hives, request: InferRequest, job: Job): Promise<JobResult> {
  const { end, hive, workerId } = await askWorker(hives, request, job);
  const { usage, finish_reason } = end;
  return {
    result: { model: request.model, hive, worker_id: workerId },
    ...(usage && { usage }),
    ...(finish_reason && { finish_reason }),
  };
}
