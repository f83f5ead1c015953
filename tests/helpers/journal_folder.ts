import { DatabaseSync } from "node:sqlite";
import { SqliteJournal, type SqliteJournalOptions } from "../../src/journal/sqlite_journal.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** A folder for one journal file, whose journals are closed with it. */
export class JournalFolder implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly #open: SqliteJournal[] = [];
  readonly #deferred: AsyncDisposable[] = [];

  private constructor(folder: TemporaryFolder) {
    this.folder = folder;
  }

  static async make(): Promise<JournalFolder> {
    return new JournalFolder(await TemporaryFolder.make());
  }

  get path(): string {
    return this.folder.join("journal.db");
  }

  /** Opens the journal of this folder. */
  open(options: Partial<SqliteJournalOptions> = {}): SqliteJournal {
    const journal = new SqliteJournal({ path: this.path, ...options });
    this.#open.push(journal);
    return journal;
  }

  /** What a process that is killed now leaves behind, under another path. */
  async crashCopy(): Promise<string> {
    const copy = this.folder.join(`copy-${crypto.randomUUID()}.db`);
    await copyAsAfterACrash(this.path, copy);
    return copy;
  }

  /** Disposes of `other` before the folder goes. */
  defer(other: AsyncDisposable): void {
    this.#deferred.push(other);
  }

  /** The names of the files, sorted. */
  names(): string[] {
    return [...Deno.readDirSync(this.folder.path)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const other of this.#deferred) await other[Symbol.asyncDispose]();
    for (const journal of this.#open) await journal.close();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** Copies a journal file as it is on disk now, with the log that SQLite has not yet worked in. */
export async function copyAsAfterACrash(from: string, to: string): Promise<void> {
  for (const suffix of ["", "-wal"]) await Deno.copyFile(from + suffix, to + suffix);
}

/** Asks a journal file on its own connection. */
export function askFile(path: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(path);
  try {
    return db.prepare(sql).all() as Record<string, unknown>[];
  } finally {
    db.close();
  }
}

/** How many rows of events a journal file has of a job. */
export function rowsOf(path: string, jobId: string): number {
  return askFile(path, `SELECT job_id FROM segments WHERE job_id = '${jobId}'`).length;
}

/** All bytes of a journal file and what belongs to it, as text in which any ASCII can be found. */
export function rawText(path: string): string {
  const decoder = new TextDecoder("latin1");
  return ["", "-wal"].map((suffix) => {
    try {
      return decoder.decode(Deno.readFileSync(path + suffix));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }).join("");
}
