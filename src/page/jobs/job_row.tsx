import type { JobSummary } from "../../contracts/watch.ts";
import { openCancelJob } from "../actions/job_actions.tsx";
import { jobName } from "../job_name.ts";
import { hasEnded, JobStateMark } from "../job_state.tsx";
import { durationText, timeText } from "../quantities.ts";
import { durationMs } from "./job_filter.ts";

/** One job in the list: a link to its page, and a button that cancels it while it runs. */
export function JobRow({ job, nowMs }: { job: JobSummary; nowMs: number }) {
  const { job_id, operation, model, state, created_at, error } = job;
  const tookMs = durationMs(job, nowMs);
  return (
    <div class="job-row">
      <a href={`/jobs/${job_id}`}>
        <JobStateMark state={state} />
        <span class="mono">{operation}</span>
        <span class="job-model">{model ?? ""}</span>
        <time class="job-when" dateTime={created_at}>{timeText(created_at)}</time>
        <span class="job-took">{tookMs === undefined ? "" : durationText(tookMs)}</span>
        <span class="job-error" title={error?.message}>{error?.message ?? ""}</span>
      </a>
      {!hasEnded(state) && (
        <button
          type="button"
          class="danger"
          aria-label={`Cancel ${jobName(job)}`}
          onClick={() => openCancelJob({ jobId: job_id, operation })}
        >
          Cancel
        </button>
      )}
    </div>
  );
}
