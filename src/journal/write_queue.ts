import type { JournalBatch } from "./journal_file.ts";
import type { JournalSegment } from "./journal.ts";

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

  /** Takes about `maxBytes` of what waits, segments first, so that a record is never ahead of its events. */
  take(maxBytes: number): JournalBatch {
    const batch: JournalBatch = { segments: [], records: [] };
    let taken = 0;
    for (const [jobId, waiting] of this.#segments) {
      while (taken < maxBytes) {
        const segment = waiting.shift();
        if (segment === undefined) break;
        taken += segment.bytes.length;
        batch.segments.push({ jobId, segment });
      }
      if (waiting.length === 0) this.#segments.delete(jobId);
      if (taken >= maxBytes) break;
    }
    this.#bytes -= taken;
    if (this.#segments.size === 0) {
      for (const [jobId, json] of this.#records) batch.records.push({ jobId, json });
      this.#records.clear();
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
