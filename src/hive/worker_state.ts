import { RbeeError } from "../base/rbee_error.ts";
import type { WorkerState } from "../contracts/worker.ts";

/**
 * | state | its process | may become |
 * | --- | --- | --- |
 * | `starting` | waits for a place or for its restart, or has not said where it listens | `loading` |
 * | `loading` | loads the model | `ready`, `starting` when it died and is started again |
 * | `ready` | answers | `starting` when it died and is started again |
 * | `stopping` | has been told to end | `stopped` |
 * | `stopped` | ended as it was told to | |
 * | `failed` | ended by itself, or never began | |
 *
 * All but the last two may become `stopping`, and `failed`.
 */
const NEXT: Record<WorkerState, readonly WorkerState[]> = {
  starting: ["loading", "stopping", "failed"],
  loading: ["ready", "starting", "stopping", "failed"],
  ready: ["starting", "stopping", "failed"],
  stopping: ["stopped", "failed"],
  stopped: [],
  failed: [],
};

/** Whether a worker may go from one state to another. */
export function canBecome(from: WorkerState, to: WorkerState): boolean {
  return NEXT[from].includes(to);
}

/** @throws {RbeeError} `internal` If the worker of an id cannot go from one state to another. */
export function requireChange(id: string, from: WorkerState, to: WorkerState): void {
  if (canBecome(from, to)) return;
  throw new RbeeError("internal", `Worker ${id} cannot go from ${from} to ${to}`);
}

/** Whether a worker in this state can be used, now or soon. */
export function isUsable(state: WorkerState): boolean {
  return state === "starting" || state === "loading" || state === "ready";
}

/** Whether a worker in this state will change no more. */
export function hasEnded(state: WorkerState): boolean {
  return state === "stopped" || state === "failed";
}
