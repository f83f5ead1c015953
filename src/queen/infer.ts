import { RbeeError } from "../base/rbee_error.ts";
import type { InferRequest } from "../contracts/operation.ts";
import { workerInfoSchema } from "../contracts/worker.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { narrate } from "../narration/narrate.ts";
import type { Hives } from "./hives.ts";
import { placePatiently } from "./place_patiently.ts";
import { place } from "./placement.ts";
import { relay } from "./relay.ts";

// The worker was chosen and had gone before it answered.
const WORKER_LOST = new Set([
  "worker_gone",
  "worker_not_found",
  "worker_unreachable",
  "shutting_down",
]);
// A worker that was started again knows nothing of the jobs of the process before.
const JOB_LOST = "job_not_found";

/**
 * Answers a request: chooses a hive, has it load the model where none of its workers has it, and
 * relays the worker's tokens. A worker that is lost before its first token is replaced once.
 */
export async function infer(hives: Hives, request: InferRequest, job: Job): Promise<JobResult> {
  let tokens = 0;
  let chosen: string | undefined;
  const attempt = (avoid?: string) =>
    inferOnce(hives, request, job, {
      avoid,
      onWorker: (workerId) => chosen = workerId,
      onToken: () => tokens++,
    });
  try {
    return await attempt();
  } catch (error) {
    const again = error instanceof RbeeError && WORKER_LOST.has(error.code) && tokens === 0 &&
      !job.signal.aborted;
    if (!again) throw error;
    narrate("retry", `Trying once more: ${error.message}`, { level: "warn" });
    return await attempt(chosen);
  }
}

/** What is noted of an attempt. */
interface Attempt {
  /** The worker that an attempt before this one lost. */
  avoid: string | undefined;
  onWorker(workerId: string): void;
  onToken(): void;
}

async function inferOnce(
  hives: Hives,
  request: InferRequest,
  job: Job,
  { avoid, onWorker, onToken }: Attempt,
): Promise<JobResult> {
  const { inFlight } = hives;
  const wanted = { ...request, avoid, inFlight: (workerId: string) => inFlight.at(workerId) };
  let release = () => {};
  // Counted in the same step that chooses, so that who chooses next knows of it.
  const placing = placePatiently(hives, wanted, (asked, known) => {
    const placement = place(asked, known);
    if (placement.kind === "worker") release = inFlight.begin(placement.workerId);
    return placement;
  }, { signal: job.signal });
  try {
    const { placement, url } = await placing;
    const { hive } = placement;
    // A hive that was killed and started again has another address, and nothing of what it had.
    const hasMoved = () =>
      !hives.has(hive) ||
      hives.known().some(({ name, url: now }) => name === hive && now !== null && now !== url);
    let workerId: string;
    if (placement.kind === "worker") workerId = placement.workerId;
    else {
      workerId = await spawn(hives, { url, hive, hasMoved }, request, job);
      release = inFlight.begin(workerId);
    }
    onWorker(workerId);
    // The choice has been made; what is left is the worker's to do.
    const { hive: _hive, device: _device, engine: _engine, ...question } = request;
    const { usage, finish_reason } = await relay(
      `${url}/v1/workers/${workerId}/proxy`,
      question,
      job,
      { hive, name: `the worker on hive "${hive}"`, onToken, hasMoved },
    ).catch((error: unknown) => {
      throw asLost(error, `The worker for "${request.model}" died and was started again`);
    });
    return {
      result: { model: request.model, hive, worker_id: workerId },
      ...(usage && { usage }),
      ...(finish_reason && { finish_reason }),
    };
  } finally {
    release();
  }
}

/** A job that is not known where it was submitted went with the process that had it. */
function asLost(error: unknown, why: string): unknown {
  if (!(error instanceof RbeeError) || error.code !== JOB_LOST) return error;
  return new RbeeError("worker_gone", why);
}

async function spawn(
  hives: Hives,
  { url, hive, hasMoved }: { url: string; hive: string; hasMoved: () => boolean },
  request: InferRequest,
  job: Job,
): Promise<string> {
  const { model, device, engine } = request;
  const { result } = await relay(
    url,
    {
      operation: "worker_spawn",
      model,
      // A question says nothing of them, so it need not wait for another worker because of them.
      reuse: "any",
      ...(device !== undefined && { device }),
      ...(engine !== undefined && { engine }),
    },
    job,
    { hive, name: `hive "${hive}"`, hasMoved },
  ).catch((error: unknown) => {
    throw asLost(error, `Hive "${hive}" was started again`);
  });
  const worker = workerInfoSchema.safeParse(result);
  if (worker.success) {
    hives.note(hive, worker.data);
    return worker.data.worker_id;
  }
  throw new RbeeError("bad_answer", `Hive "${hive}" did not say which worker it started`);
}
