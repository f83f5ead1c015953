import type { JobView } from "../../src/contracts/job.ts";
import type { JobRecord } from "../../src/contracts/job_record.ts";
import type { Journal, JournalSegment, KeptJob } from "../../src/journal/journal.ts";

/** A journal that keeps everything in memory and insists on what its callers promise. */
export class FakeJournal implements Journal {
  readonly saved = new Map<string, JobView>();
  readonly #collectors = new Set<() => void>();
  readonly #segments = new Map<string, JournalSegment[]>();
  readonly #lasts = new Map<string, number>();

  get bytes(): number {
    let bytes = 0;
    for (const segment of [...this.#segments.values()].flat()) bytes += segment.bytes.length;
    return bytes;
  }

  schedule(collect: () => void): void {
    this.#collectors.add(collect);
  }

  append(jobId: string, segment: JournalSegment): void {
    const segments = this.#segments.get(jobId) ?? [];
    const last = this.#lasts.get(jobId) ?? 0;
    if (segment.from !== last + 1) {
      throw new Error(`segment ${segment.from} to ${segment.to} does not follow ${last}`);
    }
    segments.push({ from: segment.from, to: segment.to, bytes: segment.bytes.slice() });
    this.#segments.set(jobId, segments);
    this.#lasts.set(jobId, segment.to);
  }

  saveJob({ job }: JobRecord): void {
    this.saved.set(job.job_id, job);
  }

  read(jobId: string, after: number): JournalSegment | undefined {
    const segment = this.#segments.get(jobId)?.find(({ to }) => to > after);
    if (segment === undefined || segment.from > after) return segment;
    // Events end with an empty line, and nothing inside them can hold one.
    const blocks = new TextDecoder().decode(segment.bytes).split("\n\n").slice(0, -1);
    const kept = blocks.slice(after + 1 - segment.from).map((block) => block + "\n\n").join("");
    return { from: after + 1, to: segment.to, bytes: new TextEncoder().encode(kept) };
  }

  /** Loses the oldest segments of a job, as a journal with a bound does. */
  dropUpTo(jobId: string, seq: number): void {
    const segments = this.#segments.get(jobId) ?? [];
    this.#segments.set(jobId, segments.filter(({ to }) => to > seq));
  }

  keptJobs(): KeptJob[] {
    return [...this.saved.values()].map((job) => ({
      record: { job, delegated: [] },
      lastSeq: this.#segments.get(job.job_id)?.at(-1)?.to ?? 0,
    }));
  }

  forget(jobId: string): void {
    this.#segments.delete(jobId);
    this.saved.delete(jobId);
  }

  flush(): Promise<void> {
    for (const collect of this.#collectors) collect();
    this.#collectors.clear();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
