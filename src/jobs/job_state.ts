import type { JobState } from "../contracts/job.ts";

const NEXT: Record<JobState, readonly JobState[]> = {
  queued: ["running", "cancelled", "error"],
  running: ["done", "error", "cancelled"],
  done: [],
  error: [],
  cancelled: [],
};

/** Whether a job may go from one state to another. */
export function canBecome(from: JobState, to: JobState): boolean {
  return NEXT[from].includes(to);
}

/** Whether a job in this state has ended. */
export function hasEnded(state: JobState): boolean {
  return NEXT[state].length === 0;
}
