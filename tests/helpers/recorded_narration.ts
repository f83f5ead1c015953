import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { addNarrationSink } from "../../src/narration/narration_sink.ts";

/** Keeps all narration of this process until it is disposed of. */
export class RecordedNarration implements Disposable {
  readonly records: NarrationRecord[] = [];
  readonly #remove: () => void;

  constructor() {
    this.#remove = addNarrationSink({ write: (record) => void this.records.push(record) });
  }

  /** The actions narrated for a job, in order; of no job when `jobId` is undefined. */
  actionsOf(jobId: string | undefined): string[] {
    return this.records.filter((record) => record.job_id === jobId).map(({ action }) => action);
  }

  [Symbol.dispose](): void {
    this.#remove();
  }
}
