import { signal } from "@preact/signals";
import { useCallback, useMemo, useState } from "preact/hooks";
import type { JobState } from "../../contracts/job.ts";
import type { JobSummary } from "../../contracts/watch.ts";
import { hasMoreJobs, isAdmin, jobs, viewer } from "../cluster.ts";
import { stateWord } from "../job_state.tsx";
import { countText } from "../quantities.ts";
import { useNow } from "../use_now.ts";
import { VirtualList } from "../virtual_list.tsx";
import { countByState, filterJobs, jobsWithText, withOlder } from "./job_filter.ts";
import { JobRow } from "./job_row.tsx";
import { hasOlderJobs, loadOlderJobs, MAX_OLDER, olderJobs } from "./older_jobs.ts";

const STATES: readonly JobState[] = ["running", "queued", "done", "error", "cancelled"];
const NONE: readonly JobSummary[] = [];

// They outlive the view: who comes back from a job finds the list as it was left.
const wantedState = signal<JobState | undefined>(undefined);
const wantedText = signal("");

/** The jobs, the newest first, with what is looked for among them. */
export function JobList() {
  const live = jobs.value;
  const older = olderJobs.value;
  const state = wantedState.value;
  const text = wantedText.value;
  const all = useMemo(() => withOlder(live ?? NONE, older), [live, older]);
  const counts = useMemo(() => countByState(jobsWithText(all, text)), [all, text]);
  const found = useMemo(() => filterJobs(all, { state, text }), [all, state, text]);
  // Said when somebody looks for something, and not with each job that comes.
  const told = useMemo(() => `${countText(found.length, "job")} shown`, [state, text]);
  const nowMs = useNow(counts.running > 0);
  const keyOf = useCallback((index: number) => found[index]?.job_id ?? `${index}`, [found]);
  // Then there are older ones that nothing is known of here.
  const arePart = hasMoreJobs.value && !hasOlderJobs.value;
  if (live === undefined) return <p class="muted">Waiting for the queen's list of jobs.</p>;
  if (all.length === 0) {
    return (
      <p>
        There is no job yet. <a href="/chat">A question in the chat</a> makes one, and so does{" "}
        <code>rbee run bee-tiny Hello</code>.
      </p>
    );
  }
  const total = STATES.reduce((sum, each) => sum + counts[each], 0);
  return (
    <div class="jobs">
      <form class="jobs-filter" role="search" onSubmit={(event) => event.preventDefault()}>
        <p class="jobs-search">
          <label for="jobs-search">Search</label>
          <input
            id="jobs-search"
            type="search"
            value={text}
            placeholder="id, operation, model or error"
            onInput={(event) => wantedText.value = event.currentTarget.value}
          />
        </p>
        <div class="jobs-states" role="group" aria-label="State">
          <StateButton name="All" count={total} state={undefined} />
          {STATES.map((each) => (
            <StateButton key={each} name={stateWord(each)} count={counts[each]} state={each} />
          ))}
          {arePart && <span class="muted">of the newest {all.length.toLocaleString()} jobs</span>}
        </div>
      </form>
      {viewer.value !== undefined && !isAdmin.value && (
        <p class="muted">This token is for inference: it shows the jobs that were made with it.</p>
      )}
      <p class="hidden-visually" role="status">{told}</p>
      {found.length === 0 ? <NothingFound searched={arePart ? all.length : undefined} /> : (
        <div>
          <p class="job-row job-columns" aria-hidden="true">
            <span>
              <span>State</span>
              <span>Operation</span>
              <span>Model</span>
              <span>Submitted</span>
              <span class="job-took">Ran for</span>
              <span>Error</span>
            </span>
          </p>
          <VirtualList
            label="Jobs, the newest first"
            scrolling="window"
            count={found.length}
            estimatedSize={44}
            keyOf={keyOf}
            row={(index) => {
              const job = found[index];
              return job === undefined ? null : <JobRow job={job} nowMs={nowMs} />;
            }}
          />
        </div>
      )}
      <Older shown={all.length} />
    </div>
  );
}

function StateButton(
  { name, count, state }: { name: string; count: number; state: JobState | undefined },
) {
  return (
    <button
      type="button"
      aria-pressed={wantedState.value === state}
      onClick={() => wantedState.value = state}
    >
      {name} <span class="muted">{count.toLocaleString()}</span>
    </button>
  );
}

/** @param searched How many of all jobs were looked through; undefined: all. */
function NothingFound({ searched }: { searched: number | undefined }) {
  const forget = () => {
    wantedText.value = "";
    wantedState.value = undefined;
  };
  return (
    <p>
      No job matches{searched !== undefined && ` among the newest ${searched.toLocaleString()}`}.
      {" "}
      <button type="button" onClick={forget}>Show all</button>
    </p>
  );
}

function Older({ shown }: { shown: number }) {
  const [isLoading, setIsLoading] = useState(false);
  const [failure, setFailure] = useState<string>();
  if (!hasMoreJobs.value) return null;
  if (hasOlderJobs.value) {
    if (olderJobs.value.length < MAX_OLDER) return null;
    return (
      <p class="muted">
        The newest {shown.toLocaleString()} jobs are shown.{" "}
        <code>rbee job list --limit 100000</code> lists more.
      </p>
    );
  }
  const load = async () => {
    setIsLoading(true);
    setFailure(undefined);
    await loadOlderJobs().catch((error: Error) => setFailure(error.message));
    setIsLoading(false);
  };
  return (
    <div class="jobs-older">
      <button type="button" disabled={isLoading} onClick={load}>
        {isLoading ? "Loading older jobs" : "Load older jobs"}
      </button>
      {failure !== undefined && <p class="failure" role="alert">{failure}</p>}
    </div>
  );
}
