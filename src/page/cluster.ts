import { batch, computed, signal } from "@preact/signals";
import type { HiveInfo } from "../contracts/hive.ts";
import type { QueenTelemetry, WorkerTelemetry } from "../contracts/telemetry.ts";
import type { History, JobSummaries, JobSummary, Sample, Viewer } from "../contracts/watch.ts";
import type { Connection } from "./watch_stream.ts";

// As in the contract, which is not loaded for it: its schemas are larger than this page.
const MAX_SAMPLES = 180;
const MAX_JOBS = 500;
const NO_HIVES: readonly HiveInfo[] = [];
const NO_WORKERS: readonly WorkerTelemetry[] = [];

/** How the page is connected. */
export const connection = signal<Connection>({ kind: "connecting" });
/** Who is answered, and by which queen; undefined until she has said it. */
export const viewer = signal<Viewer | undefined>(undefined);
/** What the queen said last of hives and workers; undefined until she has, and for who may not see it. */
export const telemetry = signal<QueenTelemetry | undefined>(undefined);
/** The samples of the last 15 minutes, the oldest first. */
export const samples = signal<readonly Sample[]>([]);
/**
 * The jobs that are known here, the newest first, by the times in their ids: the newest 500, and of the
 * older ones those that have not ended. Undefined until the queen has listed them.
 */
export const jobs = signal<readonly JobSummary[] | undefined>(undefined);
/** Counts the lists of jobs that the queen has sent. Between two of them a change may have been missed. */
export const jobLists = signal(0);
/** Whether the queen has older jobs than `jobs`. */
export const hasMoreJobs = signal(false);

/** The hives, in the queen's order. */
export const hives = computed(() => telemetry.value?.hives ?? NO_HIVES);
/** The workers of all hives. */
export const workers = computed(() => telemetry.value?.workers ?? NO_WORKERS);
/** Whether who is answered may see and do everything. */
export const isAdmin = computed(() => viewer.value?.role === "admin");
/** The job that ended in an error last, also where newer ones have pushed it out of `jobs`. */
export const lastFailure = signal<JobSummary | undefined>(undefined);

let queenAheadMs = 0;

/**
 * The time by the queen's clock, by which her events are told, in milliseconds since 1970. Until she has
 * told hers it is the browser's.
 */
export function queenNow(): number {
  return Date.now() + queenAheadMs;
}

/** Takes up an event of the watch. One that this version does not know is passed over. */
export function takeEvent(name: string, data: unknown): void {
  switch (name) {
    case "viewer":
      batch(() => {
        viewer.value = data as Viewer;
        const aheadMs = Date.parse(viewer.value.at) - Date.now();
        // Of a queen who does not tell her time it is taken to be the browser's.
        queenAheadMs = Number.isNaN(aheadMs) ? 0 : aheadMs;
        if (viewer.value.role !== "admin") telemetry.value = undefined;
      });
      return;
    case "telemetry":
      telemetry.value = data as QueenTelemetry;
      return;
    case "history":
      samples.value = (data as History).samples;
      return;
    case "sample":
      samples.value = [...samples.value, data as Sample].slice(-MAX_SAMPLES);
      return;
    case "jobs":
      batch(() => {
        const { jobs: newest, more, last_failure } = data as JobSummaries;
        jobs.value = newest.toSorted((a, b) => a.job_id < b.job_id ? 1 : -1);
        hasMoreJobs.value = more;
        lastFailure.value = last_failure;
        newest.forEach(takeFailure);
        jobLists.value++;
      });
      return;
    case "job":
      batch(() => {
        const known = withJob(jobs.value ?? [], data as JobSummary);
        jobs.value = known.filter((one, at) => at < MAX_JOBS || at < 2 * MAX_JOBS && isActive(one));
        if (jobs.value.length < known.length) hasMoreJobs.value = true;
        takeFailure(data as JobSummary);
      });
  }
}

/** Forgets what belongs to the token that was shown before. */
export function forgetCluster(): void {
  batch(() => {
    viewer.value = undefined;
    telemetry.value = undefined;
    samples.value = [];
    jobs.value = undefined;
    hasMoreJobs.value = false;
    lastFailure.value = undefined;
  });
}

function takeFailure(job: JobSummary): void {
  const last = lastFailure.peek();
  if (job.state !== "error" || last !== undefined && endOf(last) > endOf(job)) return;
  lastFailure.value = job;
}

/** A job's place is by its id, which begins with its time; the queen may hear of two in another order. */
function withJob(known: readonly JobSummary[], job: JobSummary): readonly JobSummary[] {
  const at = known.findIndex(({ job_id }) => job_id <= job.job_id);
  if (at < 0) return [...known, job];
  return known[at]?.job_id === job.job_id ? known.with(at, job) : known.toSpliced(at, 0, job);
}

function isActive({ state }: JobSummary): boolean {
  return state === "queued" || state === "running";
}

function endOf({ finished_at, created_at }: JobSummary): string {
  return finished_at ?? created_at;
}
