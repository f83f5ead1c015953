import type { JobState } from "../../contracts/job.ts";
import type { JobSummary } from "../../contracts/watch.ts";

/** What is looked for among the jobs. */
export interface JobFilter {
  /** Undefined: all of them. */
  state: JobState | undefined;
  /** Words that all must be in a job's id, operation, model or error; small and capital letters are one. */
  text: string;
}

/** The jobs with these words, whatever their state. */
export function jobsWithText(jobs: readonly JobSummary[], text: string): readonly JobSummary[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return jobs;
  return jobs.filter(({ job_id, operation, model = "", error }) => {
    const told = `${job_id} ${operation} ${model} ${error?.code ?? ""} ${error?.message ?? ""}`
      .toLowerCase();
    return words.every((word) => told.includes(word));
  });
}

/** The jobs that are looked for, in their order. */
export function filterJobs(
  jobs: readonly JobSummary[],
  { state, text }: JobFilter,
): readonly JobSummary[] {
  const found = jobsWithText(jobs, text);
  return state === undefined ? found : found.filter((job) => job.state === state);
}

/** How many jobs there are of each state. */
export function countByState(jobs: readonly JobSummary[]): Record<JobState, number> {
  const counts = { queued: 0, running: 0, done: 0, error: 0, cancelled: 0 };
  for (const { state } of jobs) counts[state]++;
  return counts;
}

/** Both lists in one, the newest first, each job once: as the live one knows it. */
export function withOlder(
  live: readonly JobSummary[],
  older: readonly JobSummary[],
): readonly JobSummary[] {
  if (older.length === 0) return live;
  const known = new Set(live.map(({ job_id }) => job_id));
  const others = older.filter(({ job_id }) => !known.has(job_id));
  if (others.length === 0) return live;
  // An id begins with its time.
  return [...live, ...others].sort((a, b) =>
    a.job_id < b.job_id ? 1 : a.job_id > b.job_id ? -1 : 0
  );
}

/**
 * How long a job has run, in milliseconds; undefined where it never began.
 *
 * @param nowMs Where one that runs has come to.
 */
export function durationMs(
  { started_at, finished_at }: Pick<JobSummary, "started_at" | "finished_at">,
  nowMs: number,
): number | undefined {
  if (started_at === null) return undefined;
  const endMs = finished_at === null ? nowMs : Date.parse(finished_at);
  return Math.max(0, endMs - Date.parse(started_at));
}
