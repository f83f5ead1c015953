import { RbeeError } from "../base/rbee_error.ts";
import { type EmbedRequest, embedResultSchema } from "../contracts/operation.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { askWorker } from "./ask_worker.ts";
import type { Hives } from "./hives.ts";

/**
 * Has a worker turn texts into vectors, chosen and replaced as for `infer`. The vectors are the result.
 *
 * @throws {RbeeError} `bad_answer` If the worker answers with something else.
 */
export async function embed(hives: Hives, request: EmbedRequest, job: Job): Promise<JobResult> {
  const { end, hive, workerId } = await askWorker(hives, request, job);
  const parsed = embedResultSchema.safeParse(end.result);
  const count = [request.input].flat().length;
  if (!parsed.success || parsed.data.embeddings.length !== count) {
    throw new RbeeError(
      "bad_answer",
      `The worker on hive "${hive}" did not answer with ${count} vectors; see rbee worker logs ${workerId}`,
    );
  }
  const { embeddings } = parsed.data;
  return {
    result: { model: request.model, hive, worker_id: workerId, embeddings },
    ...(end.usage && { usage: end.usage }),
  };
}
