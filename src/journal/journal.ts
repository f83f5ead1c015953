import type { JobView } from "../contracts/job.ts";

/** A run of a job's events as ready-made bytes, `from` to `to` inclusive. */
export interface JournalSegment {
  from: number;
  to: number;
  bytes: Uint8Array;
}

/**
 * Keeps jobs and their event logs beyond what memory holds. One a process.
 *
 * Writes return at once and never throw: an implementation writes off the hot path and, where it
 * cannot, says so by narration and goes on with what it can keep. Segments of one job arrive in
 * order, without holes or overlap. The bytes are never changed after they were given.
 */
export interface Journal {
  /** Keeps a run of events. */
  append(jobId: string, segment: JournalSegment): void;
  /** Keeps the state of a job, replacing what was kept of it. */
  saveJob(job: JobView): void;
  /**
   * Reads on after event `after`: the first kept segment that holds a later event, cut to begin after
   * it. Undefined when nothing later is kept.
   */
  read(jobId: string, after: number): JournalSegment | undefined;
  /** Jobs that are kept, newest first. */
  jobs(): JobView[];
  /** Forgets a job and its events. */
  forget(jobId: string): void;
  /** Resolves when all that was given is as durable as it will be. */
  flush(): Promise<void>;
  /** Flushes and lets go of all files. */
  close(): Promise<void>;
}
