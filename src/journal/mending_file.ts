import { messageOf } from "../base/rbee_error.ts";
import { tell } from "./tell.ts";
import { isDamage, JournalFile } from "./journal_file.ts";

/** How a {@linkcode MendingFile} is kept. */
export interface MendingFileOptions {
  path: string;
  /** How long it is left alone after a failure, in milliseconds. */
  retryMs: number;
  /** Called when there is a file again; `anew` when it holds nothing of what was written before. */
  onOpened(opened: { anew: boolean }): void;
}

/**
 * A journal file that may fail. One that is damaged is kept aside under another name and begun anew;
 * one that was deleted is begun anew; where nothing can be written it is tried again later. All of it
 * is narrated, nothing of it is thrown.
 */
export class MendingFile {
  readonly #options: MendingFileOptions;
  #constructed = false;
  #file: JournalFile | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: MendingFileOptions) {
    this.#options = options;
    this.#open();
    this.#constructed = true;
  }

  /** Whether there is a file to write to now. */
  get works(): boolean {
    return this.#file !== undefined;
  }

  /** Runs `body` on the file. Undefined when there is none, or when it failed and was dealt with. */
  attempt<T>(body: (file: JournalFile) => T): T | undefined {
    if (this.#file === undefined) return undefined;
    try {
      // SQLite would go on writing into a file that nobody can find any more.
      const { tampering } = this.#file;
      if (tampering === "gone") return this.#replaceDeleted();
      if (tampering === "damaged") return this.#replaceDamaged("it was changed from outside");
      return body(this.#file);
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
  }

  /** Lets go of the file. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closeFile();
  }

  #open(): void {
    try {
      this.#file = new JournalFile(this.#options.path);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    const { path, retryMs } = this.#options;
    const why = messageOf(error);
    this.#closeFile();
    if (isDamage(error) && this.#setAside(why)) return this.#openAgain();
    tell(
      "journal_failed",
      `Cannot write the journal ${path}: ${why}; going on in memory, trying again in ${
        retryMs / 1000
      } s`,
      { level: "warn" },
    );
    this.#timer = setTimeout(() => {
      this.#openAgain();
      if (this.works) tell("journal_back", `The journal ${path} can be written again`);
    }, retryMs);
    Deno.unrefTimer(this.#timer);
  }

  #replaceDeleted(): undefined {
    tell(
      "journal_failed",
      `The journal ${this.#options.path} has been deleted or replaced; a new one is begun`,
      { level: "warn" },
    );
    this.#closeFile();
    this.#openAgain();
  }

  #replaceDamaged(why: string): undefined {
    this.#closeFile();
    if (this.#setAside(why)) this.#openAgain();
  }

  #setAside(why: string): boolean {
    const { path } = this.#options;
    const aside = `${path}.bad-${new Date().toISOString().replaceAll(":", "-")}`;
    try {
      for (const suffix of ["", "-wal", "-shm"]) {
        if (exists(path + suffix)) Deno.renameSync(path + suffix, aside + suffix);
      }
    } catch {
      return false;
    }
    tell(
      "journal_failed",
      `The journal ${path} is damaged (${why}); it is kept as ${aside}, and a new one is begun`,
      { level: "warn" },
    );
    return true;
  }

  #openAgain(): void {
    this.#open();
    // Who makes this file knows nothing of it yet.
    if (this.#file === undefined || !this.#constructed) return;
    this.#options.onOpened({ anew: this.#file.isNew });
  }

  #closeFile(): void {
    try {
      this.#file?.close();
    } catch {
      // It is let go because it does not work.
    }
    this.#file = undefined;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
