import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import type { WorkerSpawnRequest, WorkerStopRequest } from "../contracts/operation.ts";
import { workerInfoSchema } from "../contracts/worker.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { type Hives, urlOf } from "./hives.ts";
import type { KnownHive } from "./known_hive.ts";
import { ASK_AGAIN_MS, placePatiently } from "./place_patiently.ts";
import { placeSpawn } from "./placement.ts";
import { isWantOfRoom, narrateElsewhere } from "./refused_load.ts";
import { PATIENCE_MS, relay } from "./relay.ts";

/**
 * Has a hive start a worker, or give the one it has, and brings what it says into this job. Where the
 * hive has no room for it after all, another is asked, once.
 */
export async function spawnWorker(
  hives: Hives,
  request: WorkerSpawnRequest,
  job: Job,
): Promise<JobResult> {
  const { signal } = job;
  const { placement, url } = await placePatiently(hives, request, placeSpawn, { signal });
  try {
    return await onHive(hives, url, placement.hive, request, job);
  } catch (error) {
    const elsewhere = { ...request, refused: [placement.hive] };
    const mayFit = isWantOfRoom(error) && !signal.aborted &&
      placeSpawn(elsewhere, hives.known()).kind !== "none";
    if (!mayFit) throw error;
    narrateElsewhere(placement.hive, request.model, error);
    const next = await placePatiently(hives, elsewhere, placeSpawn, { signal });
    return await onHive(hives, next.url, next.placement.hive, request, job);
  }
}

/** Has the hive of a worker stop it. */
export async function stopWorker(
  hives: Pick<Hives, "refresh" | "note" | "has" | "whyLost">,
  request: WorkerStopRequest,
  job: Job,
): Promise<JobResult> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  let known = await hives.refresh();
  // Who does not answer now may have it, and come back.
  while (!hasWorker(known, request.worker_id) && known.some(isAway)) {
    if (performance.now() > deadlineMs) break;
    await delay(ASK_AGAIN_MS, { signal: job.signal });
    known = await hives.refresh();
  }
  const { hive } = findWorker(known, request.worker_id);
  return await onHive(hives, urlOf(known, hive), hive, request, job);
}

/**
 * The hive that has a worker.
 *
 * @throws {RbeeError} `worker_not_found` If no hive that answers has it.
 */
export function findWorker(known: readonly KnownHive[], workerId: string): { hive: string } {
  const hive = known.find(({ workers }) => workers.some(({ worker_id }) => worker_id === workerId));
  if (hive !== undefined) return { hive: hive.name };
  throw new RbeeError(
    "worker_not_found",
    `Cannot find worker "${workerId.slice(0, 80)}"; rbee worker list shows those that are known`,
  );
}

function hasWorker(known: readonly KnownHive[], workerId: string): boolean {
  return known.some(({ workers }) => workers.some(({ worker_id }) => worker_id === workerId));
}

function isAway(hive: KnownHive): boolean {
  return hive.unreachable !== undefined && hive.mayReturn;
}

async function onHive(
  hives: Pick<Hives, "note" | "has" | "whyLost">,
  url: string,
  name: string,
  request: WorkerSpawnRequest | WorkerStopRequest,
  job: Job,
): Promise<JobResult> {
  // Which hive it is has been decided; the hive itself has no other to choose.
  const { hive: _hive, ...body } = request;
  const { result } = await relay(url, body, job, {
    hive: name,
    name: `hive "${name}"`,
    hasMoved: () => !hives.has(name),
    whyLost: () => hives.whyLost(name),
  });
  const worker = workerInfoSchema.safeParse(result);
  if (!worker.success) return { result };
  hives.note(name, worker.data);
  return { result: { ...worker.data, hive: name } };
}
