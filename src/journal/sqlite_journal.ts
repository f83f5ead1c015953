import { parseJson } from "../base/parse_json.ts";
import { type JobRecord, jobRecordSchema } from "../contracts/job_record.ts";
import { tell } from "./tell.ts";
import type { Journal, JournalSegment, KeptJob } from "./journal.ts";
import { MendingFile } from "./mending_file.ts";
import { mergeSegments } from "./merge_segments.ts";
import { isAnswering, recordWithoutAnswer } from "./answer_events.ts";
import { cutSegment, withoutAnswers, withoutTokens } from "./segment.ts";
import { WriteQueue } from "./write_queue.ts";

/** How a {@linkcode SqliteJournal} keeps what it is given. */
export interface SqliteJournalOptions {
  /** The file. It and its folder are made if there is none. */
  path: string;
  /** Between what is given and its write, in milliseconds. Default 100. */
  flushMs?: number;
  /**
   * Whether answers are kept: `token` events of all jobs, and of those that `infer` or `embed` also
   * `data` events and what their results hold beside who answered. Default true.
   */
  keepAnswers?: boolean;
  /** The most kept of one job; its oldest go first. Default 2 GiB. */
  maxJobBytes?: number;
  /** How long it goes on in memory before it tries the file again. Default 30,000. */
  retryMs?: number;
}

const SLICE_BYTES = 1024 * 1024;
const PRUNE_ROWS = 16;
const FORGET_JOBS = 200;
const TIDY_MS = 4;
// Above this, what is given is written at once, so that memory stays bounded.
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

interface JobSize {
  bytes: number;
  rows: number;
}

/**
 * A journal in one SQLite file (WAL, mode 0600). Writes wait up to `flushMs` and then go in slices of
 * a megabyte with the event loop between them. A file that is corrupt is kept aside under another
 * name and begun anew; where nothing can be written (disk full, read-only, file deleted) it narrates
 * that, goes on in memory, and tries again.
 */
export class SqliteJournal implements Journal {
  readonly #options: Required<SqliteJournalOptions>;
  readonly #queue = new WriteQueue();
  readonly #collectors = new Set<() => void>();
  readonly #sizes = new Map<string, JobSize>();
  /** Jobs that have not ended, by id: a file that is begun anew must know them. */
  readonly #active = new Map<string, string>();
  /** Those of them whose events are an answer that is not kept. */
  readonly #answering = new Set<string>();
  readonly #forgotten: string[] = [];
  readonly #finished: string[] = [];
  readonly #kept: KeptJob[] = [];
  readonly #file: MendingFile;
  /** What it has written since it was opened. */
  readonly written = { writes: 0, bytes: 0 };
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #working: Promise<void> | undefined;
  #closing = false;
  #closed = false;

  constructor(options: SqliteJournalOptions) {
    this.#options = {
      flushMs: 100,
      keepAnswers: true,
      maxJobBytes: 2 * 1024 ** 3,
      retryMs: 30_000,
      ...options,
    };
    const { path, retryMs } = this.#options;
    this.#file = new MendingFile({ path, retryMs, onOpened: ({ anew }) => this.#onOpened(anew) });
    this.#readKept();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What it was given and has not written yet, in bytes of events. */
  get waitingBytes(): number {
    return this.#queue.bytes;
  }

  schedule(collect: () => void): void {
    if (this.#closed) return;
    this.#collectors.add(collect);
    this.#wake(this.#options.flushMs);
  }

  append(jobId: string, segment: JournalSegment): void {
    if (this.#closed) return;
    for (const part of this.#keptOf(jobId, segment)) this.#queue.addSegment(jobId, part);
    this.#wake(this.#options.flushMs);
    if (this.#queue.bytes <= MAX_WAITING_BYTES) return;
    while (this.#file.works && this.#queue.bytes > MAX_WAITING_BYTES) this.#writeSlice();
    if (!this.#file.works) this.#queue.dropTo(MAX_WAITING_BYTES / 2);
  }

  saveJob(record: JobRecord): void {
    if (this.#closed) return;
    const { keepAnswers } = this.#options;
    const { job_id, finished_at, operation } = record.job;
    const json = JSON.stringify(keepAnswers ? record : recordWithoutAnswer(record));
    if (finished_at !== null) this.#answering.delete(job_id);
    else if (!keepAnswers && isAnswering(operation)) this.#answering.add(job_id);
    this.#queue.addRecord(job_id, json);
    if (finished_at === null) this.#active.set(job_id, json);
    else if (this.#active.delete(job_id)) this.#finished.push(job_id);
    // At once: a client that holds the id of a job will ask the next process for it.
    this.#wake(0);
  }

  read(jobId: string, after: number): JournalSegment | undefined {
    const kept = this.#readFile(jobId, after);
    const waiting = this.#queue.find(jobId, after);
    const first = kept === undefined || waiting !== undefined && waiting.from < kept.from
      ? waiting
      : kept;
    return first && cutSegment(first, after);
  }

  keptJobs(): KeptJob[] {
    return this.#kept.splice(0);
  }

  forget(jobId: string): void {
    if (this.#closed) return;
    this.#queue.forget(jobId);
    this.#active.delete(jobId);
    this.#bytes -= this.#sizes.get(jobId)?.bytes ?? 0;
    this.#sizes.delete(jobId);
    this.#forgotten.push(jobId);
    this.#wake(this.#options.flushMs);
  }

  async flush(): Promise<void> {
    await this.#working;
    this.#work();
    await this.#working;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    // What is only tidying can wait for the next process.
    this.#closing = true;
    await this.flush();
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#file.close();
  }

  #keptOf(jobId: string, segment: JournalSegment): JournalSegment[] {
    if (this.#options.keepAnswers) return [segment];
    return this.#answering.has(jobId) ? withoutAnswers(segment) : withoutTokens(segment);
  }

  #wake(afterMs: number): void {
    if (!this.#file.works || this.#working !== undefined) return;
    if (this.#timer !== undefined) {
      if (afterMs > 0) return;
      clearTimeout(this.#timer);
    }
    this.#timer = setTimeout(() => this.#work(), afterMs);
  }

  #work(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#collect();
    this.#working ??= this.#writeAll().finally(() => {
      this.#working = undefined;
      const more = this.#collectors.size > 0 || !this.#queue.isEmpty || this.#forgotten.length > 0;
      if (more && !this.#closed) this.#wake(this.#options.flushMs);
    });
  }

  #collect(): void {
    const collectors = [...this.#collectors];
    this.#collectors.clear();
    for (const collect of collectors) collect();
  }

  async #writeAll(): Promise<void> {
    while (this.#file.works) {
      const written = !this.#queue.isEmpty;
      if (written) this.#writeSlice();
      // Also between writes, or a role that is never idle would never forget anything.
      const tidied = !this.#closing && this.#tidyUp();
      if (!written && !tidied) return;
      await turn();
    }
  }

  #writeSlice(): void {
    const batch = this.#queue.take(SLICE_BYTES);
    const written = this.#file.attempt((file) => {
      file.write(batch);
      return true;
    });
    if (!written) return this.#queue.putBack(batch);
    this.written.writes++;
    for (const { jobId, segment } of batch.segments) {
      this.written.bytes += segment.bytes.length;
      this.#count(jobId, segment.bytes.length, 1);
    }
  }

  /** Does one small piece of what can wait. Returns false when there is none. */
  #tidyUp(): boolean {
    if (this.#forgotten.length > 0) {
      const gone = this.#file.attempt((file) =>
        file.forget(this.#forgotten.slice(0, FORGET_JOBS), { rows: PRUNE_ROWS, ms: TIDY_MS })
      );
      this.#forgotten.splice(0, gone ?? 0);
      return gone !== undefined;
    }
    const finished = this.#finished.shift();
    if (finished !== undefined) {
      this.#file.attempt((file) =>
        mergeSegments(file, finished, this.#sizes.get(finished)?.rows ?? 0)
      );
      return true;
    }
    return this.#trimLargest();
  }

  #trimLargest(): boolean {
    for (const [jobId, size] of this.#sizes) {
      if (size.bytes <= this.#options.maxJobBytes) continue;
      const first = this.#file.attempt((file) => file.readFrom(jobId, 0));
      if (first === undefined) return false;
      this.#file.attempt((file) => file.prune(jobId, 1));
      this.#count(jobId, -first.bytes.length, -1);
      return true;
    }
    return false;
  }

  #readFile(jobId: string, after: number): JournalSegment | undefined {
    return this.#file.attempt((file) => {
      const at = file.readAt(jobId, after + 1);
      return at !== undefined && at.to > after ? at : file.readFrom(jobId, after);
    });
  }

  #readKept(): void {
    const rows = this.#file.attempt((file) => {
      file.dropUnknown();
      return file.records();
    }) ?? [];
    let unreadable = 0;
    for (const { jobId, json, lastSeq, bytes } of rows) {
      this.#count(jobId, bytes, 1);
      const parsed = jobRecordSchema.safeParse(parseJson(json));
      if (parsed.success) this.#kept.push({ record: parsed.data, lastSeq });
      else {
        unreadable++;
        this.forget(jobId);
      }
    }
    if (unreadable === 0) return;
    tell(
      "journal_failed",
      `${unreadable} jobs in the journal ${this.#options.path} cannot be read; they are dropped`,
      { level: "warn" },
    );
  }

  #count(jobId: string, bytes: number, rows: number): void {
    const size = this.#sizes.get(jobId);
    if (size === undefined) this.#sizes.set(jobId, { bytes, rows });
    else {
      size.bytes += bytes;
      size.rows += rows;
    }
    this.#bytes += bytes;
  }

  #onOpened(anew: boolean): void {
    if (anew) {
      this.#sizes.clear();
      this.#bytes = 0;
      for (const [jobId, json] of this.#active) this.#queue.addRecord(jobId, json);
    }
    this.#wake(0);
  }
}

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
