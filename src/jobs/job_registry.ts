import { v7 } from "uuid";
import { RbeeError } from "../base/rbee_error.ts";
import { jobIdSchema } from "../contracts/identifiers.ts";
import type { JobState, JobView } from "../contracts/job.ts";
import type { DelegatedJob } from "../contracts/job_record.ts";
import { type Caller, LOCAL_PERSON } from "../http/caller.ts";
import type { Journal } from "../journal/journal.ts";
import { asItEnded } from "./as_it_ended.ts";
import { Job, type StreamTally } from "./job.ts";
import { jobIdTimeMs, newJobId } from "./job_id.ts";
import { mayReach } from "./job_owner.ts";
import { hasEnded } from "./job_state.ts";

/** What is kept of jobs that have ended; past any bound the oldest go. */
export interface JobRegistryOptions {
  /** Default 10,000. */
  maxEndedJobs?: number;
  /** Since their end. Default 7 days. */
  maxEndedAgeMs?: number;
  /**
   * Memory of their logs. Default 32 MiB. Past it, the logs that ended first are left to the journal;
   * where there is none, their jobs go.
   */
  maxEndedBytes?: number;
  /** Bytes of events in the journal, of running jobs too. Default 4 GiB. */
  maxJournalBytes?: number;
  journal?: Journal | undefined;
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
  /** The model that its request names, as it may be shown. */
  model?: string | undefined;
  /** The id of the token that it is submitted with. */
  owner?: string | undefined;
}

/** Which jobs are listed. Default: all. */
interface WantedJobs {
  state?: JobState | undefined;
  limit?: number | undefined;
  caller?: Caller | undefined;
}

interface EndedJob {
  job: Job;
  endedMs: number;
  /** Memory of its log. */
  bytes: number;
}

/** The jobs of one process. A job has its log from the moment it is here. */
export class JobRegistry {
  readonly #options: Required<Omit<JobRegistryOptions, "journal">>;
  readonly #journal: Journal | undefined;
  readonly #jobs = new Map<string, Job>();
  /** What is counted of the streams of all of them. */
  readonly tally: StreamTally = { readers: 0, lostEvents: 0 };
  readonly #endListeners = new Set<(job: Job) => void>();
  readonly #changeListeners = new Set<(job: Job) => void>();
  /** In order of their end. */
  readonly #ended: EndedJob[] = [];
  /** How many of those, from the first, have left their log to the journal. */
  #released = 0;
  /** How many have not ended, by the token that they were submitted with. */
  readonly #active = new Map<string | undefined, number>();
  #endedBytes = 0;
  #expiredUpToMs = 0;

  constructor(options: JobRegistryOptions = {}) {
    this.#journal = options.journal;
    this.#options = {
      maxEndedJobs: options.maxEndedJobs ?? 10_000,
      maxEndedAgeMs: options.maxEndedAgeMs ?? 7 * 24 * 60 * 60 * 1000,
      maxEndedBytes: options.maxEndedBytes ?? 32 * 1024 * 1024,
      maxJournalBytes: options.maxJournalBytes ?? 4 * 1024 ** 3,
      now: options.now ?? Date.now,
    };
  }

  /**
   * Makes a queued job, or returns the one that already has the id (`created` false).
   *
   * @throws {RbeeError} `job_expired` If the id is of a time from which nothing is kept.
   */
  create(options: NewJob): { job: Job; created: boolean } {
    const id = options.jobId ?? newJobId();
    const known = this.#jobs.get(id);
    if (known !== undefined) return { job: known, created: false };
    if (options.jobId !== undefined && jobIdTimeMs(id) <= this.#expiredUpToMs) {
      // It may well have run before, and must not run twice.
      throw new RbeeError("job_expired", `Job "${id}" is older than what is kept`);
    }
    const job = new Job({
      id,
      operation: options.operation,
      correlationId: options.correlationId ?? v7(),
      unwatchedLimitMs: options.unwatchedLimitMs,
      model: options.model,
      owner: options.owner,
      log: { journal: this.#journal && { id, journal: this.#journal } },
      tally: this.tally,
      onRecord: (record) => this.#journal?.saveJob(record),
      onStart: (started) => this.#tell(this.#changeListeners, started),
    });
    this.#jobs.set(id, job);
    this.#active.set(job.owner, this.activeOf(job.owner) + 1);
    this.#tell(this.#changeListeners, job);
    job.ended.then(() => {
      this.#tell(this.#endListeners, job);
      this.#tell(this.#changeListeners, job);
      this.#endedOne(job.owner);
      this.#retire(job, this.#options.now());
    });
    return { job, created: true };
  }

  /**
   * Takes up the jobs that a process before this one kept. Those that had not ended when it died end
   * now, as `interrupted` or as `interruption` says. Returns the jobs elsewhere that ran on their behalf.
   */
  restore(interruption: (job: Job) => RbeeError = interrupted): DelegatedJob[] {
    const journal = this.#journal;
    if (journal === undefined) return [];
    const orphans: DelegatedJob[] = [];
    const restored: { job: Job; endedMs: number }[] = [];
    for (const { record, lastSeq } of journal.keptJobs()) {
      const { delegated } = record;
      const kept = asItEnded(record.job, journal, lastSeq);
      const ended = hasEnded(kept.state);
      const job = new Job({
        id: kept.job_id,
        operation: kept.operation,
        correlationId: kept.correlation_id,
        owner: record.owner,
        log: {
          journal: { id: kept.job_id, journal },
          // The journal may have lost the end of what it knows to have ended.
          kept: { lastSeq: ended ? Math.max(lastSeq, kept.last_seq) : lastSeq, ended },
        },
        kept,
        tally: this.tally,
        onRecord: (changed) => journal.saveJob(changed),
      });
      this.#jobs.set(job.id, job);
      if (!ended) {
        orphans.push(...delegated);
        job.finishError(interruption(job));
      }
      restored.push({ job, endedMs: Date.parse(job.view().finished_at ?? kept.created_at) });
    }
    restored.sort((a, b) => a.endedMs - b.endedMs);
    for (const { job, endedMs } of restored) this.#retire(job, endedMs);
    const oldest = restored.length >= this.#options.maxEndedJobs
      ? [...this.#jobs.keys()][0]
      : undefined;
    // Where as many are here as are kept at all, those before the oldest were kept once.
    if (oldest !== undefined) this.#expiredUpToMs = jobIdTimeMs(oldest) - 1;
    return orphans;
  }

  /** The job of an id, if it is here and `caller` may know of it. */
  find(id: string, caller: Caller = LOCAL_PERSON): Job | undefined {
    const job = this.#jobs.get(id);
    return job !== undefined && mayReach(caller, job) ? job : undefined;
  }

  /**
   * The job of an id. One that `caller` may not know of is as one that never was.
   *
   * @throws {RbeeError} `job_expired` If the id is of a time from which nothing is kept.
   * @throws {RbeeError} `job_not_found` If there never was such a job here.
   */
  get(id: string, caller: Caller = LOCAL_PERSON): Job {
    this.#expire();
    const job = this.find(id, caller);
    if (job !== undefined) return job;
    const shown = id.slice(0, 80);
    const { now, maxEndedAgeMs } = this.#options;
    const keptSinceMs = Math.max(this.#expiredUpToMs, now() - maxEndedAgeMs);
    if (jobIdSchema.safeParse(id).success && jobIdTimeMs(id) <= keptSinceMs) {
      throw new RbeeError("job_expired", `Job "${shown}" is older than what is kept`);
    }
    throw new RbeeError(
      "job_not_found",
      `Cannot find job "${shown}"; rbee job list shows those that are known`,
    );
  }

  /** Jobs that `caller` may know of, newest first. */
  list({ caller, state, limit }: WantedJobs = {}): JobView[] {
    const views: JobView[] = [];
    for (const job of this.newest(caller)) {
      if (views.length === limit) break;
      if (state === undefined || job.state === state) views.push(job.view());
    }
    return views;
  }

  /** As {@linkcode JobRegistry.list}, the jobs themselves. */
  *newest(caller: Caller = LOCAL_PERSON): Generator<Job, void, void> {
    this.#expire();
    const jobs = [...this.#jobs.values()];
    for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
      if (mayReach(caller, job)) yield job;
    }
  }

  /** Jobs that have not ended. */
  active(): Job[] {
    return [...this.#jobs.values()].filter((job) => !hasEnded(job.state));
  }

  /** Has `listener` told of each job that is made here and ends. It must not throw. Returns what ends that. */
  onEnded(listener: (job: Job) => void): () => void {
    this.#endListeners.add(listener);
    return () => void this.#endListeners.delete(listener);
  }

  /**
   * Has `listener` told of each job that is made here, when it is, when it begins and when it has ended.
   * It must not throw. Returns what ends that.
   */
  onChanged(listener: (job: Job) => void): () => void {
    this.#changeListeners.add(listener);
    return () => void this.#changeListeners.delete(listener);
  }

  #tell(listeners: ReadonlySet<(job: Job) => void>, job: Job): void {
    for (const listener of listeners) listener(job);
  }

  /** How many jobs of a token have not ended; without one, of who needs none. */
  activeOf(owner: string | undefined): number {
    return this.#active.get(owner) ?? 0;
  }

  #endedOne(owner: string | undefined): void {
    const left = this.activeOf(owner) - 1;
    if (left > 0) this.#active.set(owner, left);
    else this.#active.delete(owner);
  }

  #retire(job: Job, endedMs: number): void {
    const { bytes } = job.log;
    this.#ended.push({ job, endedMs, bytes });
    this.#endedBytes += bytes;
    if (this.#journal !== undefined) this.#release();
    this.#expire();
  }

  /** Leaves logs to the journal until the others fit into memory. */
  #release(): void {
    while (this.#endedBytes > this.#options.maxEndedBytes) {
      const oldest = this.#ended[this.#released];
      if (oldest === undefined) return;
      this.#released++;
      oldest.job.log.release();
      this.#endedBytes -= oldest.bytes;
      oldest.bytes = 0;
    }
  }

  #expire(): void {
    const { maxEndedJobs, maxEndedAgeMs, maxEndedBytes, maxJournalBytes, now } = this.#options;
    const oldestKept = now() - maxEndedAgeMs;
    for (;;) {
      const oldest = this.#ended[0];
      if (oldest === undefined) return;
      const keep = this.#ended.length <= maxEndedJobs && oldest.endedMs >= oldestKept &&
        (this.#journal === undefined
          ? this.#endedBytes <= maxEndedBytes
          : this.#journal.bytes <= maxJournalBytes);
      if (keep) return;
      this.#ended.shift();
      if (this.#released > 0) this.#released--;
      this.#endedBytes -= oldest.bytes;
      this.#jobs.delete(oldest.job.id);
      this.#journal?.forget(oldest.job.id);
      // An id may claim a time that is yet to come.
      const time = Math.min(jobIdTimeMs(oldest.job.id), now());
      this.#expiredUpToMs = Math.max(this.#expiredUpToMs, time);
    }
  }
}

function interrupted({ id }: Job): RbeeError {
  return new RbeeError(
    "interrupted",
    `The process that ran the job "${id}" ended before it did; submit it again`,
  );
}
