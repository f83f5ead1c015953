import { computed, effect, signal } from "@preact/signals";
import type { JobSummary } from "../../contracts/watch.ts";
import { askJson } from "../api.ts";
import { hasMoreJobs, jobLists, jobs } from "../cluster.ts";
import { hasEnded } from "../job_state.tsx";
import { sessionToken } from "../session_token.ts";

/** How many jobs are asked for, and held, at most. */
export const MAX_OLDER = 10_000;

const NONE: readonly JobSummary[] = [];
const loaded = signal<{ token: string | undefined; jobs: readonly JobSummary[] } | undefined>();

/** The jobs that were loaded beside the live ones, with the token that is shown now; none before. */
export const olderJobs = computed(() => {
  const known = loaded.value;
  return known !== undefined && known.token === sessionToken.value ? known.jobs : NONE;
});

/** Whether they have been loaded, and nothing between them and the live ones has been missed since. */
export const hasOlderJobs = computed(() =>
  loaded.value !== undefined && loaded.value.token === sessionToken.value
);

/**
 * Loads the jobs that the queen still knows, the newest {@linkcode MAX_OLDER} of them. From then on they
 * follow the live ones, which let go of the oldest; after a connection that was lost for so long that
 * there may be jobs between the two, or changes that nobody saw, they are forgotten.
 *
 * @throws {ApiError} If she refuses it, or is not reached.
 */
export async function loadOlderJobs(): Promise<void> {
  const token = sessionToken.peek();
  const path = `/v1/jobs?limit=${MAX_OLDER}&results=false`;
  loaded.value = { token, jobs: (await askJson<{ jobs: JobSummary[] }>(path)).jobs };
}

let lists = jobLists.peek();
effect(() => {
  const live = jobs.value ?? NONE;
  const isNewList = lists !== jobLists.value;
  lists = jobLists.value;
  const known = loaded.peek();
  if (known === undefined) return;
  const byId = new Map(known.jobs.map((job) => [job.job_id, job]));
  if (isNewList && hasMoreJobs.peek() && hasMissed(live, byId)) {
    loaded.value = undefined;
    return;
  }
  const changed = live.filter((job) => byId.get(job.job_id) !== job);
  if (changed.length === 0) return;
  for (const job of changed) byId.set(job.job_id, job);
  const newest = [...byId.values()].sort((a, b) => a.job_id < b.job_id ? 1 : -1);
  loaded.value = { ...known, jobs: newest.slice(0, MAX_OLDER) };
});

/** Whether the list of now does not reach to what is known, or lacks what had not ended there. */
function hasMissed(live: readonly JobSummary[], known: ReadonlyMap<string, JobSummary>): boolean {
  // What runs is listed however old it is, and says nothing of what is between.
  if (!live.some(({ job_id, state }) => hasEnded(state) && known.has(job_id))) return true;
  const listed = new Set(live.map(({ job_id }) => job_id));
  return [...known.values()].some(({ job_id, state }) => !hasEnded(state) && !listed.has(job_id));
}
