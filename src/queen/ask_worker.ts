import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { workerInfoSchema } from "../contracts/worker.ts";
import type { Job } from "../jobs/job.ts";
import type { OperationBody } from "../jobs/job_client.ts";
import { stoppingReason } from "../jobs/role_server.ts";
import { narrate } from "../narration/narrate.ts";
import { storedNameOf } from "../models/means_model.ts";
import type { Hives } from "./hives.ts";
import type { HiveView } from "./hive_view.ts";
import { placePatiently } from "./place_patiently.ts";
import { place } from "./placement.ts";
import { isWantOfRoom, narrateElsewhere } from "./refused_load.ts";
import { relay, type RelayedResult, type RelayOptions } from "./relay.ts";

// The worker was chosen and had gone before it answered.
const WORKER_LOST = new Set([
  "worker_gone",
  "worker_not_found",
  "worker_unreachable",
  "shutting_down",
]);
// A worker that was started again knows nothing of the jobs of the process before.
const JOB_LOST = "job_not_found";
const END_MS = 30_000;
const LOOK_AGAIN_MS = 100;

/** An operation of a worker, and where it may run. */
export interface WorkerRequest extends OperationBody {
  model: string;
  hive?: string | undefined;
  device?: string | undefined;
  engine?: string | undefined;
}

/** What a worker answered, and which one it was. */
export interface WorkerAnswer {
  end: RelayedResult;
  hive: string;
  workerId: string;
}

/**
 * Has a worker do an operation: chooses a hive, has it load the model where none of its workers has
 * it, and relays what the worker says. A worker that is lost before it has answered anything, or was
 * told to end by somebody else than its hive, is replaced once; so is a hive that is lost, or that has no
 * room for the model after all.
 *
 * @throws {RbeeError} As {@linkcode placePatiently} If there is no place, and what the worker's job
 * ended with.
 */
export async function askWorker(
  hives: Hives,
  request: WorkerRequest,
  job: Job,
): Promise<WorkerAnswer> {
  let answered = false;
  let chosen: string | undefined;
  let lost: string | undefined;
  let isReplaced = false;
  let isHiveLost = false;
  let refusedBy: string | undefined;
  let refused: string[] = [];
  for (;;) {
    try {
      return await askOnce(hives, request, job, {
        avoid: lost,
        refused,
        onWorker: (workerId) => chosen = workerId,
        onRefused: (hive) => refusedBy = hive,
        onLostHive: () => isHiveLost = true,
        onAnswer: () => answered = true,
      });
    } catch (error) {
      if (!(error instanceof RbeeError) || answered || job.signal.aborted) throw error;
      if (refusedBy !== undefined && refused.length === 0) {
        refused = [refusedBy];
        if (place({ ...request, refused }, hives.known()).kind === "none") throw error;
        narrateElsewhere(refusedBy, request.model, error);
      } else if ((isHiveLost || WORKER_LOST.has(error.code)) && !isReplaced) {
        isReplaced = true;
        lost = chosen;
        narrate("retry", `Trying once more: ${error.message}`, { level: "warn" });
      } else throw error;
      refusedBy = undefined;
      isHiveLost = false;
    }
  }
}

/** A worker, and the name of its model that it answers to. */
interface ChosenWorker {
  workerId: string;
  model: string;
}

/** What is noted of an attempt. */
interface Attempt {
  /** The worker that an attempt before this one lost. */
  avoid: string | undefined;
  /** The hives that have refused to load the model. */
  refused: readonly string[];
  onWorker(workerId: string): void;
  /** Told of a hive that has no room for the model. */
  onRefused(hive: string): void;
  /** Told that the hive was lost while it had the request. */
  onLostHive(): void;
  /** Told of each part of the answer. */
  onAnswer(): void;
}

async function askOnce(
  hives: Hives,
  request: WorkerRequest,
  job: Job,
  { avoid, refused, onWorker, onRefused, onLostHive, onAnswer }: Attempt,
): Promise<WorkerAnswer> {
  const { inFlight } = hives;
  // A model may hold any character but those of control.
  const loadOn = (hive: string) => `${hive}\n${nameOn(hives, hive, request.model)}`;
  const wanted = {
    ...request,
    avoid,
    refused,
    inFlight: (workerId: string) => inFlight.at(workerId),
    loading: (hive: string) => inFlight.under(`${hive}\n`),
    awaiting: (hive: string) => inFlight.at(loadOn(hive)),
  };
  let release = () => {};
  let loaded = request.model;
  // Counted in the same step that chooses, so that who chooses next knows of it.
  const placing = placePatiently(hives, wanted, (asked, known) => {
    const placement = place(asked, known);
    if (placement.kind === "worker") {
      release = inFlight.begin(placement.workerId);
      loaded = modelOf(known, placement.workerId) ?? request.model;
    } else if (placement.kind === "spawn") release = inFlight.begin(loadOn(placement.hive));
    return placement;
  }, { signal: job.signal });
  try {
    const { placement, url } = await placing;
    const { hive } = placement;
    // A hive that was killed and started again has another address, and nothing of what it had.
    const hasMoved = () => hives.hasMoved(hive, url);
    const whyLost = () => hives.whyLost(hive);
    const there = { url, hive, hasMoved, whyLost };
    let worker: ChosenWorker;
    if (placement.kind === "worker") worker = { workerId: placement.workerId, model: loaded };
    else {
      worker = await spawn(hives, there, request, job).catch((error: unknown) => {
        if (isWantOfRoom(error)) onRefused(hive);
        if (isLostHive(error)) onLostHive();
        throw error;
      });
      release();
      release = inFlight.begin(worker.workerId);
    }
    const { workerId, model } = worker;
    onWorker(workerId);
    let answered = false;
    const noteAnswer = (part: "token" | "data") => {
      answered = true;
      if (part === "token") hives.tokens.count({ hive, workerId });
      onAnswer();
    };
    // The choice has been made; what is left is the worker's to do, by the name that it has it under.
    const { hive: _hive, device: _device, engine: _engine, ...question } = request;
    const end = await relay(
      `${url}/v1/workers/${workerId}/proxy`,
      { ...question, model },
      job,
      { hive, name: `the worker on hive "${hive}"`, onAnswer: noteAnswer, hasMoved, whyLost },
    ).catch(async (error: unknown) => {
      if (isLostHive(error)) onLostHive();
      if (
        !answered && isOfStoppingWorker(error) &&
        !await isStopped(hives, { hive, workerId }, job.signal)
      ) {
        throw new RbeeError("worker_gone", `The worker for "${request.model}" was told to end`);
      }
      throw asLost(error, `The worker for "${request.model}" died and was started again`);
    });
    return { end, hive, workerId };
  } finally {
    release();
  }
}

/** What the store of a hive calls a model, where a name means one of it; else the name itself. */
function nameOn(hives: Pick<Hives, "known">, name: string, model: string): string {
  const hive = hives.known().find((each) => each.name === name);
  return (hive && storedNameOf(model, hive.models)) ?? model;
}

function modelOf(known: readonly HiveView[], workerId: string): string | undefined {
  return known.flatMap(({ workers }) => workers)
    .find(({ worker_id }) => worker_id === workerId)?.model;
}

function isLostHive(error: unknown): boolean {
  return error instanceof RbeeError && error.code === "hive_unreachable";
}

function isOfStoppingWorker(error: unknown): boolean {
  return error instanceof RbeeError && error.code === "cancelled_elsewhere" &&
    error.details?.["reason"] === stoppingReason("worker");
}

/**
 * Whether the hive itself ends a worker, as `rbee worker stop` has it do: then nobody wants another. Where
 * it does not, resolves when the hive has seen the worker's process end, which is about to, or after 30 s:
 * before, the hive would give the same one again.
 */
async function isStopped(
  hives: Hives,
  { hive, workerId }: { hive: string; workerId: string },
  signal: AbortSignal,
): Promise<boolean> {
  const look = async () =>
    (await hives.workers(hive)).find(({ worker_id }) => worker_id === workerId);
  const deadlineMs = performance.now() + END_MS;
  const first = await look();
  let worker = first;
  while (worker?.state === "ready" && worker.pid === first?.pid && performance.now() < deadlineMs) {
    await delay(LOOK_AGAIN_MS, { signal });
    worker = await look();
  }
  return worker?.state === "stopping" || worker?.state === "stopped";
}

/** A job that is not known where it was submitted went with the process that had it. */
function asLost(error: unknown, why: string): unknown {
  if (!(error instanceof RbeeError) || error.code !== JOB_LOST) return error;
  return new RbeeError("worker_gone", why);
}

async function spawn(
  hives: Hives,
  { url, hive, ...asked }:
    & { url: string; hive: string }
    & Pick<RelayOptions, "hasMoved" | "whyLost">,
  request: WorkerRequest,
  job: Job,
): Promise<ChosenWorker> {
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
    { hive, name: `hive "${hive}"`, ...asked },
  ).catch((error: unknown) => {
    throw asLost(error, `Hive "${hive}" was started again`);
  });
  const worker = workerInfoSchema.safeParse(result);
  if (worker.success) {
    hives.note(hive, worker.data);
    return { workerId: worker.data.worker_id, model: worker.data.model };
  }
  throw new RbeeError("bad_answer", `Hive "${hive}" did not say which worker it started`);
}
