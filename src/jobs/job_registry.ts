import { v7 } from "uuid";
import { RbeeError } from "../base/rbee_error.ts";
import { jobIdSchema } from "../contracts/identifiers.ts";
import type { JobState, JobView } from "../contracts/job.ts";
import type { Journal } from "../journal/journal.ts";
import { Job } from "./job.ts";
import { jobIdTimeMs, newJobId } from "./job_id.ts";
import { hasEnded } from "./job_state.ts";

/** What is kept of jobs that have ended; past any bound the oldest go. */
export interface JobRegistryOptions {
  /** Default 1,000. */
  maxEndedJobs?: number;
  /** Since their end. Default 24 hours. */
  maxEndedAgeMs?: number;
  /** Memory of their logs. Default 64 MiB. */
  maxEndedBytes?: number;
  journal?: Journal;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
}

/** How a job is made. */
export interface NewJob {
  operation: string;
  /** Chosen by the submitter, so that a repeat is harmless; a new one by default. */
  jobId?: string | undefined;
  correlationId?: string | undefined;
  unwatchedLimitMs?: number | undefined;
}

/** The jobs of one process. A job has its log from the moment it is here. */
export class JobRegistry {
  readonly #options: Required<Omit<JobRegistryOptions, "journal">>;
  readonly #journal: Journal | undefined;
  readonly #jobs = new Map<string, Job>();
  /** In order of their end. */
  readonly #ended: { job: Job; endedMs: number }[] = [];
  #endedBytes = 0;
  #expiredUpToMs = 0;

  constructor(options: JobRegistryOptions = {}) {
    this.#journal = options.journal;
    this.#options = {
      maxEndedJobs: options.maxEndedJobs ?? 1000,
      maxEndedAgeMs: options.maxEndedAgeMs ?? 24 * 60 * 60 * 1000,
      maxEndedBytes: options.maxEndedBytes ?? 64 * 1024 * 1024,
      now: options.now ?? Date.now,
    };
  }

  /** Makes a queued job, or returns the one that already has the id (`created` false). */
  create(options: NewJob): { job: Job; created: boolean } {
    const id = options.jobId ?? newJobId();
    const known = this.#jobs.get(id);
    if (known !== undefined) return { job: known, created: false };
    const job = new Job({
      id,
      operation: options.operation,
      correlationId: options.correlationId ?? v7(),
      unwatchedLimitMs: options.unwatchedLimitMs,
      log: { journal: this.#journal && { id, journal: this.#journal } },
    });
    this.#jobs.set(id, job);
    job.ended.then(() => this.#retire(job));
    return { job, created: true };
  }

  /**
   * The job of an id.
   *
   * @throws {RbeeError} `job_expired` If the id is of a time from which nothing is kept.
   * @throws {RbeeError} `job_not_found` If there never was such a job here.
   */
  get(id: string): Job {
    this.#expire();
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    const shown = id.slice(0, 80);
    if (jobIdSchema.safeParse(id).success && jobIdTimeMs(id) <= this.#keptSinceMs()) {
      throw new RbeeError("job_expired", `Job "${shown}" is older than what is kept`);
    }
    throw new RbeeError(
      "job_not_found",
      `Cannot find job "${shown}"; rbee job list shows those that are known`,
    );
  }

  /** Jobs, newest first. */
  list(options: { state?: JobState | undefined; limit?: number | undefined } = {}): JobView[] {
    this.#expire();
    const views: JobView[] = [];
    for (const job of [...this.#jobs.values()].reverse()) {
      if (options.state !== undefined && job.state !== options.state) continue;
      if (views.length === (options.limit ?? Infinity)) break;
      views.push(job.view());
    }
    return views;
  }

  /** Jobs that have not ended. */
  active(): Job[] {
    return [...this.#jobs.values()].filter((job) => !hasEnded(job.state));
  }

  #retire(job: Job): void {
    this.#journal?.saveJob(job.view());
    this.#ended.push({ job, endedMs: this.#options.now() });
    this.#endedBytes += job.log.bytes;
    this.#expire();
  }

  #expire(): void {
    const { maxEndedJobs, maxEndedAgeMs, maxEndedBytes, now } = this.#options;
    const oldestKept = now() - maxEndedAgeMs;
    for (;;) {
      const oldest = this.#ended[0];
      if (oldest === undefined) return;
      const keep = this.#ended.length <= maxEndedJobs && this.#endedBytes <= maxEndedBytes &&
        oldest.endedMs >= oldestKept;
      if (keep) return;
      const { job } = this.#ended.shift()!;
      this.#jobs.delete(job.id);
      this.#endedBytes -= job.log.bytes;
      this.#expiredUpToMs = Math.max(this.#expiredUpToMs, jobIdTimeMs(job.id));
    }
  }

  #keptSinceMs(): number {
    return Math.max(this.#expiredUpToMs, this.#options.now() - this.#options.maxEndedAgeMs);
  }
}
