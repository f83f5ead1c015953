import type { JournalBatch } from "./journal_file.ts";
import type { JournalSegment } from "./journal.ts";

const SHARES = 8;

/** What was given to a journal and is not yet written, in order. */
export class WriteQueue {
  readonly #segments = new Map<string, JournalSegment[]>();
  readonly #records = new Map<string, string>();
  #bytes = 0;

  /** The events that wait, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#segments.size === 0 && this.#records.size === 0;
  }

  addSegment(jobId: string, segment: JournalSegment): void {
    const waiting = this.#segments.get(jobId);
    if (waiting === undefined) this.#segments.set(jobId, [segment]);
    else waiting.push(segment);
    this.#bytes += segment.bytes.length;
  }

  addRecord(jobId: string, json: string): void {
    this.#records.set(jobId, json);
  }

  /** The first waiting segment of a job that ends after event `after`. */
  find(jobId: string, after: number): JournalSegment | undefined {
    return this.#segments.get(jobId)?.find((segment) => segment.to > after);
  }

  /**
   * Takes up to `maxBytes` of what waits: some of each job in turn, so that a busy one does not hold up
   * the others, and the record of each job that has no more events waiting, so that no record is ahead
   * of its events nor far behind them.
   */
  take(maxBytes: number): JournalBatch {
    const batch: JournalBatch = { segments: [], records: [] };
    const share = maxBytes / SHARES;
    let taken = 0;
    for (const [jobId, waiting] of [...this.#segments]) {
      if (taken >= maxBytes) break;
      for (let ofJob = 0; ofJob < share && waiting.length > 0;) {
        const segment = waiting.shift()!;
        ofJob += segment.bytes.length;
        taken += segment.bytes.length;
        batch.segments.push({ jobId, segment });
      }
      // Behind the others, if it is not done.
      this.#segments.delete(jobId);
      if (waiting.length > 0) this.#segments.set(jobId, waiting);
    }
    this.#bytes -= taken;
    for (const [jobId, json] of this.#records) {
      if (this.#segments.has(jobId)) continue;
      batch.records.push({ jobId, json });
      this.#records.delete(jobId);
    }
    return batch;
  }

  /** Puts back what could not be written. */
  putBack(batch: JournalBatch): void {
    for (const { jobId, segment } of batch.segments.toReversed()) {
      const waiting = this.#segments.get(jobId);
      if (waiting === undefined) this.#segments.set(jobId, [segment]);
      else waiting.unshift(segment);
      this.#bytes += segment.bytes.length;
    }
    for (const { jobId, json } of batch.records) {
      if (!this.#records.has(jobId)) this.#records.set(jobId, json);
    }
  }

  /** Drops the oldest of what waits until at most `maxBytes` are left. Returns how many events went. */
  dropTo(maxBytes: number): number {
    let events = 0;
    for (const [jobId, waiting] of this.#segments) {
      while (this.#bytes > maxBytes) {
        const segment = waiting.shift();
        if (segment === undefined) break;
        this.#bytes -= segment.bytes.length;
        events += segment.to - segment.from + 1;
      }
      if (waiting.length === 0) this.#segments.delete(jobId);
    }
    return events;
  }

  /** Drops all of a job. */
  forget(jobId: string): void {
    for (const segment of this.#segments.get(jobId) ?? []) this.#bytes -= segment.bytes.length;
    this.#segments.delete(jobId);
    this.#records.delete(jobId);
  }
}
