import { cannotWrite } from "../base/file_error.ts";
import type { OutputWriter } from "./output_queue.ts";

/** When a {@linkcode RotatingFile} begins anew, and what it keeps. */
export interface RotatingFileOptions {
  /** The bytes after which it is put aside. Default 10 MiB. */
  maxBytes?: number;
  /** How many older files are kept beside it: `NAME.1` is the newest. Default 5. */
  keep?: number;
}

/**
 * A log file that is put aside as `NAME.1` when it is full, the older ones moving on by one, and begun
 * anew. A write is never split over two files, so that a line stays whole where each write ends with
 * one; a file may therefore be longer than the limit by one write. Readable by its owner alone.
 *
 * Where a file cannot be put aside (a full or read-only disk), it is written on; what cannot be written
 * rejects, as with every writer.
 */
export class RotatingFile implements OutputWriter {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  #file: Deno.FsFile;
  #bytes: number;

  private constructor(
    path: string,
    file: Deno.FsFile,
    bytes: number,
    options: RotatingFileOptions,
  ) {
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
    this.#maxBytes = options.maxBytes ?? 10 * 1024 * 1024;
    this.#keep = options.keep ?? 5;
  }

  /**
   * Opens the file to write on at its end, making it if there is none.
   *
   * @throws {RbeeError} `cannot_write` If it cannot be opened.
   */
  static async open(path: string, options: RotatingFileOptions = {}): Promise<RotatingFile> {
    const file = await openToAppend(path).catch((error: unknown) => {
      throw cannotWrite(path, error);
    });
    const { size } = await file.stat();
    return new RotatingFile(path, file, size, options);
  }

  /** Writes all of `bytes`, after putting the file aside if they no longer fit. One write at a time. */
  async write(bytes: Uint8Array): Promise<number> {
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) await this.#rotate();
    for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
    this.#bytes += bytes.length;
    return bytes.length;
  }

  close(): void {
    this.#file.close();
  }

  async #rotate(): Promise<void> {
    try {
      for (let n = this.#keep - 1; n >= 1; n--) {
        await renameIfThere(this.#aside(n), this.#aside(n + 1));
      }
      if (this.#keep === 0) await Deno.remove(this.#path);
      else await Deno.rename(this.#path, this.#aside(1));
      const file = await openToAppend(this.#path);
      this.#file.close();
      this.#file = file;
      this.#bytes = 0;
    } catch {
      // Better a file that is too long than a line that is lost; tried again after as much again.
      this.#bytes = 0;
    }
  }

  #aside(n: number): string {
    return `${this.#path}.${n}`;
  }
}

function openToAppend(path: string): Promise<Deno.FsFile> {
  return Deno.open(path, { append: true, create: true, mode: 0o600 });
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
