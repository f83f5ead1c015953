import type { JobRecord } from "../contracts/job_record.ts";

/** A run of a job's events as ready-made bytes, `from` to `to` inclusive. */
export interface JournalSegment {
  from: number;
  to: number;
  bytes: Uint8Array;
}

/** What a journal kept of a job when it was opened. */
export interface KeptJob {
  record: JobRecord;
  /** The number of the last event kept, 0 when there is none. */
  lastSeq: number;
}

/**
 * Keeps jobs and their event logs beyond what memory holds, and beyond the process. One a process.
 *
 * Writes return at once and never throw: an implementation writes off the hot path and, where it
 * cannot, says so by narration and goes on with what it can keep. Segments of one job arrive in
 * order, without holes or overlap. Their bytes are never changed after they were given.
 */
export interface Journal {
  /** How much it keeps, in bytes of events. */
  readonly bytes: number;
  /**
   * Asks that `collect` be called before the next write, which comes soon. Asking again with the same
   * function before then is free.
   */
  schedule(collect: () => void): void;
  /** Keeps a run of events. It can be read at once. */
  append(jobId: string, segment: JournalSegment): void;
  /** Keeps the state of a job, replacing what was kept of it. */
  saveJob(record: JobRecord): void;
  /**
   * Reads on after event `after`: the first kept segment that holds a later event, cut to begin after
   * it. Undefined when nothing later is kept.
   */
  read(jobId: string, after: number): JournalSegment | undefined;
  /** The jobs that were kept when it was opened, oldest first. */
  keptJobs(): KeptJob[];
  /** Forgets a job and its events. */
  forget(jobId: string): void;
  /** Resolves when all that was given is as durable as it will be. */
  flush(): Promise<void>;
  /** Flushes and lets go of all files. */
  close(): Promise<void>;
}
