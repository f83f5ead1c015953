import type { WorkerState } from "../contracts/worker.ts";

const NEXT: Record<WorkerState, readonly WorkerState[]> = {
  starting: ["loading", "stopping", "failed"],
  loading: ["ready", "stopping", "failed"],
  ready: ["stopping", "failed"],
  stopping: ["stopped", "failed"],
  stopped: [],
  failed: [],
};

/** Whether a worker may go from one state to another. */
export function canBecome(from: WorkerState, to: WorkerState): boolean {
  return NEXT[from].includes(to);
}

/** Whether a worker in this state can be used, now or soon. */
export function isUsable(state: WorkerState): boolean {
  return state === "starting" || state === "loading" || state === "ready";
}
