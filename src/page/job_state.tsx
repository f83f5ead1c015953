import type { JobState } from "../contracts/job.ts";

const WORDS: Record<JobState, string> = {
  queued: "Waiting",
  running: "Running",
  done: "Done",
  error: "Failed",
  cancelled: "Cancelled",
};

/** Whether nothing more will come of a job. */
export function hasEnded(state: JobState): boolean {
  return state !== "queued" && state !== "running";
}

/** A job's state in a word. */
export function stateWord(state: JobState): string {
  return WORDS[state];
}

/** A job's state in a word, with a mark whose form differs from state to state. */
export function JobStateMark({ state }: { state: JobState }) {
  return <span class="job-state" data-state={state}>{WORDS[state]}</span>;
}
