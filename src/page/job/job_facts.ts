import type { JobState, JobView } from "../../contracts/job.ts";
import type { JobSummary } from "../../contracts/watch.ts";
import type { EndEntry } from "../job_entry.ts";
import { hasEnded } from "../job_state.tsx";

/** What is known of a job beside what was said in it. Times in milliseconds since 1970. */
export interface JobFacts {
  operation: string;
  model: string | undefined;
  state: JobState;
  createdMs: number;
  startedMs: number | undefined;
  finishedMs: number | undefined;
  correlationId: string | undefined;
}

/**
 * Joins what three sources tell of a job: the live list, which does not hold the oldest ones; what the
 * queen answered when the page was opened; and the job's own end, which is known first.
 */
export function factsOf(sources: {
  summary: JobSummary | undefined;
  view: JobView | undefined;
  end: EndEntry | undefined;
}): JobFacts | undefined {
  const { summary, view, end } = sources;
  const known = summary ?? view;
  if (known === undefined) return undefined;
  const startedAt = summary?.started_at ?? view?.started_at;
  const finishedAt = end?.at ?? summary?.finished_at ?? view?.finished_at;
  return {
    operation: known.operation,
    model: known.model,
    state: end?.state ?? (view !== undefined && hasEnded(view.state) ? view.state : known.state),
    createdMs: Date.parse(known.created_at),
    startedMs: timeOf(startedAt),
    finishedMs: timeOf(finishedAt),
    correlationId: view?.correlation_id,
  };
}

function timeOf(at: string | null | undefined): number | undefined {
  return at === null || at === undefined ? undefined : Date.parse(at);
}
