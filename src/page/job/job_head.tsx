import { openCancelJob } from "../actions/job_actions.tsx";
import { jobName } from "../job_name.ts";
import { hasEnded, JobStateMark } from "../job_state.tsx";
import { durationText } from "../quantities.ts";
import type { JobFacts } from "./job_facts.ts";

/** What a job is and how it stands. `nowMs` is the queen's time. */
export function JobHead(
  { jobId, facts, nowMs, isInterrupted }: {
    jobId: string;
    facts: JobFacts;
    nowMs: number;
    isInterrupted: boolean;
  },
) {
  const { operation, state, startedMs, finishedMs } = facts;
  const isActive = !hasEnded(state);
  const ranMs = startedMs === undefined ? undefined : (finishedMs ?? nowMs) - startedMs;
  return (
    <div class="job-head panel">
      <div class="job-head-line">
        <p>
          <span role="status">
            <JobStateMark state={state} /> <span class="hidden-visually">:</span>
            <span class="told">{jobName(facts)}</span>
            {isInterrupted && ", interrupted: the queen ended while it ran"}
          </span>
          {ranMs !== undefined && (
            <span class="muted job-ran">
              {" "}
              {isActive ? "for" : state === "done" ? "in" : "after"} {durationText(ranMs)}
            </span>
          )}
        </p>
        {isActive && (
          <button
            type="button"
            class="danger"
            onClick={() => openCancelJob({ jobId, operation })}
          >
            Cancel
          </button>
        )}
      </div>
    </div>
  );
}
