import { SignalBell } from "../base/signal_bell.ts";
import { cutText } from "../base/single_line.ts";
import type { JobView } from "../contracts/job.ts";
import {
  type JobSummaries,
  type JobSummary,
  MAX_OLDER_ACTIVE,
  MAX_SUMMARIES,
} from "../contracts/watch.ts";
import type { Caller } from "../http/caller.ts";
import type { MergeableSource } from "../http/event_stream.ts";
import type { Job } from "./job.ts";
import { mayReach } from "./job_owner.ts";
import type { JobRegistry } from "./job_registry.ts";
import { hasEnded } from "./job_state.ts";

// A list has hundreds of them; the job itself has the whole.
const MAX_REASON_CHARACTERS = 500;
const encoder = new TextEncoder();

/**
 * Tells any number of readers which jobs there are and how they are: a `jobs` event first, then a `job`
 * event for each that is made, begins or ends. A reader sees the jobs alone that it may reach. Each change
 * is written once for all of them; nothing is written while nobody reads.
 */
export class JobFeed {
  readonly #registry: JobRegistry;
  readonly #readers = new Set<JobFeedReader>();
  readonly #forget: () => void;

  /** @param registry The jobs, also those that were restored before. */
  constructor(registry: JobRegistry) {
    this.#registry = registry;
    this.#forget = registry.onChanged((job) => {
      if (this.#readers.size === 0) return;
      const change = {
        jobId: job.id,
        owner: job.owner,
        bytes: encode("job", summaryOf(job.view())),
      };
      for (const reader of this.#readers) reader.push(change);
    });
  }

  /** Adds a reader for somebody. It must be ended. */
  subscribe(caller: Caller): JobFeedReader {
    const reader: JobFeedReader = new JobFeedReader({
      caller,
      list: () => encode("jobs", this.#summaries(caller)),
      onClose: () => void this.#readers.delete(reader),
    });
    this.#readers.add(reader);
    return reader;
  }

  /** Ends all readers, and hears of no more jobs. */
  close(): void {
    this.#forget();
    for (const reader of [...this.#readers]) reader.end();
  }

  #summaries(caller: Caller): JobSummaries {
    const jobs: JobSummary[] = [];
    let isAll = true;
    let failure: Job | undefined;
    for (const job of this.#registry.newest(caller)) {
      const { state } = job;
      const isListed = jobs.length < MAX_SUMMARIES ||
        !hasEnded(state) && jobs.length < MAX_SUMMARIES + MAX_OLDER_ACTIVE;
      if (isListed) jobs.push(summaryOf(job.view()));
      else isAll = false;
      // Which need not be the newest of them.
      if (state === "error" && endOf(job) > endOf(failure)) failure = job;
    }
    const last = failure && { last_failure: summaryOf(failure.view()) };
    return { jobs, more: !isAll, ...last };
  }
}

function endOf(job: Job | undefined): string {
  return job?.finishedAt ?? "";
}

/** A change of one job, as all readers get it. */
interface JobChange {
  jobId: string;
  /** The id of the token that it was submitted with. */
  owner: string | undefined;
  bytes: Uint8Array;
}

/** What a reader of a {@linkcode JobFeed} needs of it. */
interface JobFeedReaderParts {
  caller: Caller;
  /** The `jobs` event as it is now. */
  list(): Uint8Array;
  onClose(): void;
}

/**
 * One reader of a {@linkcode JobFeed}. It holds the newest state of each job that has changed since it
 * last read; past 500 of them it lets go of all, and gets the `jobs` event anew instead.
 */
export class JobFeedReader implements MergeableSource {
  readonly #parts: JobFeedReaderParts;
  readonly #bell = new SignalBell();
  readonly #changes = new Map<string, Uint8Array>();
  #wantsList = true;
  #closed = false;

  constructor(parts: JobFeedReaderParts) {
    this.#parts = parts;
  }

  get ended(): boolean {
    return this.#closed && !this.#wantsList && this.#changes.size === 0;
  }

  read(): Uint8Array | undefined {
    if (this.#wantsList) {
      this.#wantsList = false;
      return this.#parts.list();
    }
    const [oldest] = this.#changes;
    if (oldest === undefined) return undefined;
    const [jobId, bytes] = oldest;
    this.#changes.delete(jobId);
    return bytes;
  }

  async wait(options: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    return this.hasMore || await this.#bell.wait(options);
  }

  get hasMore(): boolean {
    return this.#wantsList || this.#changes.size > 0 || this.#closed;
  }

  onMore(wake: () => void): () => void {
    return this.#bell.onRing(wake);
  }

  /** Gives it a change, unless it is of a job that it may not reach, or the list is still to be read. */
  push({ jobId, owner, bytes }: JobChange): void {
    if (this.#wantsList || !mayReach(this.#parts.caller, { owner })) return;
    // At its end: what a job became comes after what others became before.
    this.#changes.delete(jobId);
    this.#changes.set(jobId, bytes);
    if (this.#changes.size > MAX_SUMMARIES) {
      this.#changes.clear();
      this.#wantsList = true;
    }
    this.#bell.ring();
  }

  /** Ends it; what waits is still read. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.onClose();
    this.#bell.ring();
  }
}

/** A job in short, also where the reason of its failure is long. */
function summaryOf(view: JobView): JobSummary {
  const { job_id, operation, model, state, created_at, started_at, finished_at, error } = view;
  return {
    job_id,
    operation,
    ...(model !== undefined && { model }),
    state,
    created_at,
    started_at,
    finished_at,
    ...(error && {
      error: { code: error.code, message: cutText(error.message, MAX_REASON_CHARACTERS) },
    }),
  };
}

/** An event without an `id`, since it has no place in a log. */
function encode(event: "job" | "jobs", data: JobSummary | JobSummaries): Uint8Array {
  return encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
