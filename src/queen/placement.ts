import type { WorkerInfo } from "../contracts/worker.ts";

/** What a placement must respect. */
export interface PlacementRequest {
  model: string;
  hive?: string | undefined;
  device?: string | undefined;
  engine?: string | undefined;
  /** A worker that was lost a moment ago, whatever its hive still says of it. */
  avoid?: string | undefined;
  /** How many requests the queen herself has under way at a worker. None when it is left out. */
  inFlight?: (workerId: string) => number;
}

/** A hive as placement sees it. */
export interface HiveView {
  name: string;
  /** Why it cannot be used; undefined when it can. */
  unreachable?: string | undefined;
  workers: readonly WorkerInfo[];
}

/** Where a request goes, with the reason as a person reads it. */
export type Placement =
  | { kind: "worker"; hive: string; workerId: string; why: string }
  | { kind: "spawn"; hive: string; why: string }
  | { kind: "none"; why: string };

/**
 * Decides where a request goes: to a ready worker that has the model, the least busy one; else to a
 * hive that is loading it; else to the hive with the fewest workers. Decides alone, and does nothing.
 */
export function place(request: PlacementRequest, hives: readonly HiveView[]): Placement {
  const usable = usableHives(request, hives);
  if (!Array.isArray(usable)) return usable;
  const candidates = usable.flatMap((hive) =>
    hive.workers.filter((worker) => fits(request, worker)).map((worker) => ({ hive, worker }))
  );
  const ready =
    candidates.filter(({ worker }) =>
      worker.state === "ready" && worker.worker_id !== request.avoid
    ).map((candidate) => ({ ...candidate, busy: load(request, candidate.worker) }))
      .sort((a, b) => a.busy - b.busy)[0];
  if (ready !== undefined) {
    const { hive, worker, busy } = ready;
    const how = busy === 0 ? "idle" : busy === 1 ? "1 request" : `${busy} requests`;
    return {
      kind: "worker",
      hive: hive.name,
      workerId: worker.worker_id,
      why: `has ${request.model} loaded (${how})`,
    };
  }
  const loading = candidates.find(({ worker }) =>
    worker.state === "starting" || worker.state === "loading"
  );
  if (loading !== undefined) {
    return { kind: "spawn", hive: loading.hive.name, why: `is already loading ${request.model}` };
  }
  return emptiest(request, usable);
}

/** Decides which hive starts a worker: the one that was asked for, or the one with the fewest. */
export function placeSpawn(request: PlacementRequest, hives: readonly HiveView[]): Placement {
  const usable = usableHives(request, hives);
  return Array.isArray(usable) ? emptiest(request, usable) : usable;
}

/** The hives that can be used, at least one, or why none can. */
function usableHives(
  request: PlacementRequest,
  hives: readonly HiveView[],
): HiveView[] | Extract<Placement, { kind: "none" }> {
  const asked = hives.filter(({ name }) => request.hive === undefined || name === request.hive);
  if (asked.length === 0) return { kind: "none", why: whyNone(request, hives) };
  const usable = asked.filter(({ unreachable }) => unreachable === undefined);
  if (usable.length > 0) return usable;
  const reasons = asked.map(({ name, unreachable }) => `hive "${name}": ${unreachable}`);
  return { kind: "none", why: reasons.join("; ") };
}

function emptiest(request: PlacementRequest, usable: readonly HiveView[]): Placement {
  const hive = [...usable].sort((a, b) => running(a) - running(b))[0]!;
  const why = request.hive !== undefined
    ? "was asked for"
    : usable.length === 1
    ? "is the only hive connected"
    : `has the fewest workers (${running(hive)})`;
  return { kind: "spawn", hive: hive.name, why };
}

function fits(request: PlacementRequest, worker: WorkerInfo): boolean {
  return worker.model === request.model &&
    (request.engine === undefined || worker.engine === request.engine) &&
    (request.device === undefined || request.device === "auto" ||
      worker.device === request.device);
}

/** How busy a worker is. What the queen has under way there is in the hive's figures or not yet. */
function load({ inFlight }: PlacementRequest, worker: WorkerInfo): number {
  return Math.max(worker.requests + worker.waiting, inFlight?.(worker.worker_id) ?? 0);
}

function running(hive: HiveView): number {
  return hive.workers.filter(({ state }) => state !== "stopped" && state !== "failed").length;
}

function whyNone(request: PlacementRequest, hives: readonly HiveView[]): string {
  if (request.hive === undefined) return "no hive is known; start one with rbee up";
  const known = hives.map(({ name }) => name).join(", ") || "none";
  return `there is no hive "${request.hive}" (known: ${known}); see rbee hive list`;
}
