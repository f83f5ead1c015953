import { jobs } from "../cluster.ts";
import { hasEnded } from "../job_state.tsx";
import { countText } from "../quantities.ts";
import { spanText } from "../plain_words.ts";
import { useNow } from "../use_now.ts";

const MAX_SHOWN = 8;

/** The jobs that have not ended, the newest first. */
export function RunningJobs() {
  const running = jobs.value?.filter(({ state }) => !hasEnded(state));
  const nowMs = useNow(running !== undefined && running.length > 0);
  if (running === undefined || running.length === 0) return null;
  const more = running.length - MAX_SHOWN;
  return (
    <section class="panel running-jobs" aria-labelledby="running-jobs">
      <h2 id="running-jobs">Running now ({countText(running.length, "job")})</h2>
      <ul>
        {running.slice(0, MAX_SHOWN).map(({ job_id, operation, model, state, ...times }) => (
          <li key={job_id}>
            <a href={`/jobs/${job_id}`}>
              {operation}
              {model === undefined ? "" : ` with ${model}`}
            </a>{" "}
            <span class="muted">
              {state === "queued" ? "queued for" : "for"}{" "}
              {spanText(nowMs - Date.parse(times.started_at ?? times.created_at))}
            </span>
          </li>
        ))}
        {more > 0 && (
          <li>
            <a href="/jobs">{countText(more, "other job")}</a>
          </li>
        )}
      </ul>
    </section>
  );
}
