import { messageOf, RbeeError } from "../base/rbee_error.ts";

const BLOCK_BYTES = 65_536;
const LINE_END = 0x0a;
// Of `RotatingFile`'s own default; what is not there is passed over.
const KEPT = 5;

/**
 * Reads a log that is rotated as `RotatingFile` does it, from one of its last lines on through the
 * older files to the newest, and on as it grows, is put aside or is cut. Gives the bytes as they stand.
 *
 * A reader that is so slow that its file is no longer kept goes on with the oldest that is newer.
 */
export class RotatedLog implements Disposable {
  readonly #paths: readonly string[];
  readonly #buffer = new Uint8Array(BLOCK_BYTES);
  #file: Deno.FsFile;
  #at: number;

  private constructor(paths: readonly string[], file: Deno.FsFile, at: number) {
    this.#paths = paths;
    this.#file = file;
    this.#at = at;
  }

  /**
   * Opens the log at `path` before its last `lines` lines, or at its begin when it has fewer; undefined
   * when there is none. What is after the last line end counts as a line.
   *
   * @throws {RbeeError} `cannot_read_file` If it is there and cannot be opened.
   */
  static async open(path: string, lines: number): Promise<RotatedLog | undefined> {
    const paths = [path];
    for (let n = 1; n <= KEPT; n++) paths.push(`${path}.${n}`);
    const seen = new Set<number | null>();
    let log: RotatedLog | undefined;
    let missing = lines;
    for (const each of paths) {
      const file = await openIfThere(each);
      if (file === undefined) continue;
      const { ino, size } = await file.stat();
      // It was put aside while we looked: it is the one before, under its next name.
      if (seen.has(ino)) {
        file.close();
        continue;
      }
      seen.add(ino);
      const { at, found } = await lastLines(file, size, missing);
      log?.[Symbol.dispose]();
      log = new RotatedLog(paths, file, at);
      missing -= found;
      if (missing <= 0) break;
    }
    return log;
  }

  /** The next bytes; undefined when no more have come yet. They are valid until the next call. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const bytes = await this.#readFile();
      if (bytes !== undefined) return bytes;
      const next = await this.#openNext();
      if (next === undefined) return undefined;
      // What was written between the end that we met and its being put aside.
      const rest = await this.#readFile();
      if (rest !== undefined) {
        next.close();
        return rest;
      }
      this.#file.close();
      this.#file = next;
      this.#at = 0;
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  async #readFile(): Promise<Uint8Array | undefined> {
    const { size } = await this.#file.stat();
    if (size < this.#at) this.#at = 0;
    if (size === this.#at) return undefined;
    await this.#file.seek(this.#at, Deno.SeekMode.Start);
    const count = await this.#file.read(this.#buffer) ?? 0;
    this.#at += count;
    return count === 0 ? undefined : this.#buffer.subarray(0, count);
  }

  /** The file that came after the one that is read; undefined while that is the newest. */
  async #openNext(): Promise<Deno.FsFile | undefined> {
    const own = await this.#file.stat();
    const infos = await Promise.all(this.#paths.map(statIfThere));
    const place = infos.findIndex((info) => info?.ino === own.ino && info.dev === own.dev);
    if (place === 0) return undefined;
    const next = place > 0
      ? place - 1
      // It is not kept any more. Those before it were written to earlier.
      : infos.findLastIndex((info) => info !== undefined && mtimeMs(info) >= mtimeMs(own));
    const path = this.#paths[next];
    return path === undefined ? undefined : await openIfThere(path);
  }
}

/** Where the last `lines` lines of a file begin, and how many there are, at most `lines`. */
async function lastLines(
  file: Deno.FsFile,
  size: number,
  lines: number,
): Promise<{ at: number; found: number }> {
  if (lines <= 0 || size === 0) return { at: size, found: 0 };
  const block = new Uint8Array(BLOCK_BYTES);
  let found = 0;
  // The line end of the last line begins no other.
  for (let end = size - 1; end > 0;) {
    const begin = Math.max(0, end - BLOCK_BYTES);
    const part = block.subarray(0, end - begin);
    await readFully(file, part, begin);
    for (let i = part.length; i-- > 0;) {
      if (part[i] === LINE_END && ++found === lines) return { at: begin + i + 1, found };
    }
    end = begin;
  }
  return { at: 0, found: found + 1 };
}

async function readFully(file: Deno.FsFile, part: Uint8Array, begin: number): Promise<void> {
  await file.seek(begin, Deno.SeekMode.Start);
  for (let at = 0; at < part.length;) {
    const count = await file.read(part.subarray(at));
    // It was cut meanwhile; what is left of `part` has no lines of it.
    if (count === null) return void part.fill(0, at);
    at += count;
  }
}

function mtimeMs({ mtime }: Deno.FileInfo): number {
  return mtime?.getTime() ?? 0;
}

async function openIfThere(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new RbeeError(
      "cannot_read_file",
      `Cannot read ${path}: ${messageOf(error)}; run this as the user who started it`,
    );
  }
}

async function statIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
