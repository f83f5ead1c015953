import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { JournalSegment } from "./journal.ts";

/** A write of one transaction. */
export interface JournalBatch {
  segments: { jobId: string; segment: JournalSegment }[];
  /** Records as JSON, by job. */
  records: { jobId: string; json: string }[];
}

const SCHEMA = [
  "CREATE TABLE IF NOT EXISTS jobs (job_id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS segments (
    job_id TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    bytes BLOB NOT NULL, crc INTEGER NOT NULL
  )`,
  "CREATE UNIQUE INDEX IF NOT EXISTS segments_of_job ON segments (job_id, first)",
];
// One layout a version; a file of another is set aside like one that cannot be read.
const LAYOUT = 1;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const SHORT_READ = 522;

/** One open SQLite file. Every method blocks, and throws what SQLite throws. */
export class JournalFile {
  /** Whether it held nothing when it was opened. */
  readonly isNew: boolean;
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #identity: string;
  readonly #insert: StatementSync;
  readonly #save: StatementSync;
  readonly #read: StatementSync;
  readonly #readBefore: StatementSync;
  readonly #prune: StatementSync;
  readonly #drop: StatementSync;
  /** What was there after the last write; the log only grows while the file is open. */
  #known: { file: number; wal: number } | undefined;

  /** Opens the file, readable by its owner alone, making it and its folder if there is none. */
  constructor(path: string) {
    this.#path = path;
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
    // One that was there before may have been copied here by somebody.
    Deno.chmodSync(path, 0o600);
    this.#identity = identityOf(path);
    this.#db = new DatabaseSync(path);
    try {
      const { user_version } = this.#db.prepare("PRAGMA user_version").get() as {
        user_version: number;
      };
      if (user_version !== 0 && user_version !== LAYOUT) {
        throw Object.assign(new Error(`layout ${user_version}`), { errcode: NOT_A_DATABASE });
      }
      this.isNew = user_version === 0;
      this.#run("PRAGMA journal_mode = WAL");
      this.#run("PRAGMA synchronous = NORMAL");
      // Nothing is written where nothing is new: the disk may be full.
      if (this.isNew) {
        for (const statement of SCHEMA) this.#run(statement);
        this.#run(`PRAGMA user_version = ${LAYOUT}`);
      }
      this.#insert = this.#db.prepare("INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?)");
      this.#save = this.#db.prepare("INSERT OR REPLACE INTO jobs VALUES (?, ?)");
      this.#read = this.#db.prepare(
        "SELECT first, last, bytes, crc FROM segments WHERE job_id = ? AND first > ? ORDER BY first LIMIT 1",
      );
      this.#readBefore = this.#db.prepare(
        "SELECT first, last, bytes, crc FROM segments WHERE job_id = ? AND first <= ? ORDER BY first DESC LIMIT 1",
      );
      this.#prune = this.#db.prepare(
        "DELETE FROM segments WHERE rowid IN (SELECT rowid FROM segments WHERE job_id = ? ORDER BY first LIMIT ?)",
      );
      this.#drop = this.#db.prepare("DELETE FROM jobs WHERE job_id = ?");
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /**
   * What has been done to the file behind SQLite's back, which would go on writing all the same: `gone`
   * when the path leads elsewhere, `damaged` when the file or its write-ahead log was cut or deleted.
   */
  get tampering(): "gone" | "damaged" | undefined {
    if (identityOf(this.#path) !== this.#identity) return "gone";
    if (this.#known === undefined) return undefined;
    const now = this.#sizes();
    return now.file < this.#known.file || now.wal < this.#known.wal ? "damaged" : undefined;
  }

  write(batch: JournalBatch): void {
    this.#inTransaction(() => {
      for (const { jobId, segment } of batch.segments) this.#insertSegment(jobId, segment);
      for (const { jobId, json } of batch.records) this.#save.run(jobId, json);
    });
    this.#known = this.#sizes();
  }

  /** The first segment that begins after event `after`. */
  readFrom(jobId: string, after: number): JournalSegment | undefined {
    return toSegment(this.#read.get(jobId, after));
  }

  /** The last segment that begins at or before event `seq`. */
  readAt(jobId: string, seq: number): JournalSegment | undefined {
    return toSegment(this.#readBefore.get(jobId, seq));
  }

  /** Replaces all segments of a job. */
  replace(jobId: string, segments: readonly JournalSegment[]): void {
    this.#inTransaction(() => {
      this.#prune.run(jobId, -1);
      for (const segment of segments) this.#insertSegment(jobId, segment);
    });
  }

  /** All records as JSON with the number of the last event and the bytes of each, oldest first. */
  records(): { jobId: string; json: string; lastSeq: number; bytes: number }[] {
    const rows = this.#db.prepare(`
      SELECT jobs.job_id AS jobId, record AS json,
        coalesce(max(last), 0) AS lastSeq, coalesce(sum(length(bytes)), 0) AS bytes
      FROM jobs LEFT JOIN segments ON segments.job_id = jobs.job_id
      GROUP BY jobs.job_id ORDER BY jobs.job_id
    `).all();
    return rows as { jobId: string; json: string; lastSeq: number; bytes: number }[];
  }

  /** Deletes the events of which a process before this one had not yet kept the job. */
  dropUnknown(): void {
    const unknown = "FROM segments WHERE job_id NOT IN (SELECT job_id FROM jobs)";
    if (this.#db.prepare(`SELECT 1 ${unknown} LIMIT 1`).get() === undefined) return;
    this.#run(`DELETE ${unknown}`);
  }

  /**
   * Deletes jobs with all they have, from the first on, up to `rows` segments of each, for about `ms`.
   * Returns how many of them, from the first, are gone.
   */
  forget(jobIds: readonly string[], limit: { rows: number; ms: number }): number {
    const startedMs = performance.now();
    let gone = 0;
    this.#inTransaction(() => {
      for (const jobId of jobIds) {
        if (this.prune(jobId, limit.rows) === limit.rows) return;
        this.#drop.run(jobId);
        gone++;
        if (performance.now() - startedMs > limit.ms) return;
      }
    });
    return gone;
  }

  /** Deletes up to `count` of a job's oldest segments. Returns how many there were. */
  prune(jobId: string, count: number): number {
    return Number(this.#prune.run(jobId, count).changes);
  }

  /** Deletes the record of a job. */
  drop(jobId: string): void {
    this.#drop.run(jobId);
  }

  close(): void {
    this.#db.close();
  }

  #inTransaction(body: () => void): void {
    this.#run("BEGIN IMMEDIATE");
    try {
      body();
      this.#run("COMMIT");
    } catch (error) {
      // A full disk may have rolled back by itself.
      if (this.#db.isTransaction) this.#run("ROLLBACK");
      throw error;
    }
  }

  #run(statement: string): void {
    // What `exec` throws does not tell the result code.
    this.#db.prepare(statement).run();
  }

  #sizes(): { file: number; wal: number } {
    return { file: sizeOf(this.#path), wal: sizeOf(`${this.#path}-wal`) };
  }

  #insertSegment(jobId: string, { from, to, bytes }: JournalSegment): void {
    this.#insert.run(jobId, from, to, bytes, crc32(bytes));
  }
}

/**
 * Whether an error says that the file itself is no good, and not that it cannot be used now. See
 * https://sqlite.org/rescode.html.
 */
export function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | null | undefined)?.errcode;
  if (typeof code !== "number") return false;
  // The low byte is the primary code; the others of SQLITE_IOERR may pass.
  return (code & 0xff) === CORRUPT || (code & 0xff) === NOT_A_DATABASE || code === SHORT_READ;
}

function toSegment(row: unknown): JournalSegment | undefined {
  if (row === undefined) return undefined;
  const { first, last, bytes, crc } = row as Record<"first" | "last" | "crc", number> & {
    bytes: Uint8Array;
  };
  // SQLite finds damage to its own structure, not to what it stores.
  if (crc32(bytes) !== crc) {
    throw Object.assign(new Error(`events ${first} to ${last} are damaged`), { errcode: CORRUPT });
  }
  return { from: first, to: last, bytes };
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

function identityOf(path: string): string {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return "gone";
  }
}
