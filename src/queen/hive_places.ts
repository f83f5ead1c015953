import { hasModel } from "../models/means_model.ts";
import type { HiveView, WorkerView } from "./hive_view.ts";

/** Who wants a place for a worker. */
export interface PlaceRequest {
  model: string;
  /** How many requests the queen herself has under way at a worker. None when it is left out. */
  inFlight?: (workerId: string) => number;
  /** The models that she has asked a hive to load. None when it is left out. */
  loading?: (hive: string) => readonly string[];
}

/** How soon a hive could start one more worker. What comes first is better. */
export const WAITS = ["not", "in line", "line is full"] as const;

/** What a hive has for one more worker beside the memory. */
export interface OpenPlace {
  waits: (typeof WAITS)[number];
  /** How many wait already. */
  ahead: number;
  /** Whether an idle worker has to be stopped for its place. */
  stops: boolean;
}

/**
 * Whether a hive has a place for one more worker, now or later; undefined where it will never have one,
 * since all are pinned. What is not known of it speaks for it.
 */
export function openPlaceOn(hive: HiveView, request: PlaceRequest): OpenPlace | undefined {
  if (hive.places === undefined) return { waits: "not", ahead: 0, stops: false };
  const { total, free, pinned, waiting, max_waiting: maxWaiting } = hive.places;
  // Also where one of them has not taken its place yet.
  if (pinned >= total) return undefined;
  // Who comes before has the first places that there will be.
  const ahead = waiting + untold(hive, request);
  if (free > ahead) return { waits: "not", ahead: 0, stops: false };
  if (free + idleWorkersOn(hive, request.inFlight).length > ahead) {
    return { waits: "not", ahead: 0, stops: true };
  }
  return { waits: waiting < maxWaiting ? "in line" : "line is full", ahead: waiting, stops: false };
}

/** How many other models a hive was asked to load of which it has not told yet. */
function untold(hive: HiveView, { model, loading }: PlaceRequest): number {
  const workers = hive.workers.filter(({ state }) => state !== "stopped" && state !== "failed");
  return (loading?.(hive.name) ?? []).filter((other) =>
    !hasModel({ model }, other, hive.models) &&
    !workers.some((worker) =>
      hasModel({ model: worker.model, storedAs: worker.stored_as }, other, hive.models)
    )
  ).length;
}

/** The workers that a hive may stop to make room. */
export function idleWorkersOn(
  { workers }: HiveView,
  inFlight: ((workerId: string) => number) | undefined,
): WorkerView[] {
  return workers.filter(({ worker_id, state, removable }) =>
    // What was placed since the hive told of it is known here alone.
    state === "ready" && removable === true && (inFlight?.(worker_id) ?? 0) === 0
  );
}

/** Why a hive has no place, as a person reads it. */
export function pinnedInWords({ places }: HiveView): string {
  const total = places?.total ?? 0;
  return total === 1
    ? "may run one worker, which is pinned"
    : `may run ${total} workers, all of them pinned`;
}

/** That a worker would have to wait, as a person reads it. */
export function lineInWords({ places }: HiveView, ahead: number): string {
  const total = places?.total ?? 0;
  return total === 1
    ? `the one place of its workers is taken, and ${ahead} wait for it`
    : `all ${total} places of its workers are taken, and ${ahead} wait for one`;
}
