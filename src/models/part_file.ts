import { dirname } from "node:path";
import { z } from "zod";
import { parseJson } from "../base/parse_json.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { type ByteRange, ByteRanges } from "./byte_ranges.ts";
import { diskError } from "./disk_space.ts";

/** What tells whether a file at a server is still the one that was begun. */
export interface FileIdentity {
  /** In bytes; undefined when nobody tells. */
  total?: number | undefined;
  /** What `If-Range` takes: a strong ETag, or the time of the last change. */
  validator?: string | undefined;
  /** The address whose word the validator is. */
  url?: string | undefined;
  /** In hexadecimal. */
  sha256?: string | undefined;
}

const journalSchema = z.object({
  version: z.literal(1),
  total: z.number().int().nonnegative().optional(),
  validator: z.string().optional(),
  url: z.string().optional(),
  sha256: z.string().optional(),
  done: z.array(z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()])),
});

/** The temporary name of a file that is being fetched. */
export function partPathOf(path: string): string {
  return `${path}.part`;
}

/**
 * A file while it is being fetched, `….part`, with a journal beside it, `….part.json`, of which bytes
 * are there. What the journal names has been written to the disk before, so that it holds after a kill
 * or a loss of power, too.
 */
export class PartFile {
  /** Where the whole file will be. */
  readonly path: string;
  #identity: FileIdentity = {};
  #done = new ByteRanges();
  #file: Deno.FsFile | undefined;
  #saving: Promise<void> | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens what is there of a file, or begins it.
   *
   * @throws {RbeeError} `disk_full` or `cannot_write` If it cannot be written.
   */
  static async open(path: string): Promise<PartFile> {
    const part = new PartFile(path);
    try {
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Opening would make the file that a link names.
      if (await isLink(part.#partPath)) throw notOurs(part.#partPath);
      part.#file = await Deno.open(part.#partPath, { create: true, read: true, write: true });
      await part.#requireOwn(part.#file);
      await part.#readJournal();
    } catch (error) {
      part.close();
      throw diskError(path, error);
    }
    return part;
  }

  /** How much of a file has been fetched, in bytes, as its journal tells. */
  static async bytesOf(path: string): Promise<number> {
    return (await readJournal(journalPathOf(path)))?.done
      .reduce((sum, [start, end]) => sum + end - start, 0) ?? 0;
  }

  /** Removes what has been fetched of a file. */
  static async remove(path: string): Promise<void> {
    await removeIfThere(journalPathOf(path));
    await removeIfThere(partPathOf(path));
  }

  get identity(): FileIdentity {
    return this.#identity;
  }

  /** How many bytes are there. */
  get bytes(): number {
    return this.#done.bytes;
  }

  get isWhole(): boolean {
    const { total } = this.#identity;
    return total !== undefined && this.#done.bytes === total;
  }

  /** What is missing, in runs of `most` bytes at most. The total must be known. */
  missing(most: number): ByteRange[] {
    return this.#done.missing(this.#identity.total ?? 0, most);
  }

  /** Notes what is now known of the file. */
  identify(identity: FileIdentity): void {
    this.#identity = { ...this.#identity, ...identity };
  }

  /** Forgets what is there, for a file that is another one now. */
  async reset(identity: FileIdentity): Promise<void> {
    await this.#saving;
    const lost = this.#done.bytes;
    this.#identity = identity;
    this.#done = new ByteRanges();
    await this.#file?.truncate(0);
    // A journal that names nothing claims nothing.
    if (lost > 0) await this.save();
  }

  /**
   * Opens a way to write from `start` on. Bytes count as there as soon as they are written, and are kept
   * over a kill from the next {@linkcode save} on.
   *
   * @throws {RbeeError} `disk_full` or `cannot_write` If it cannot be written.
   */
  async writeFrom(start: number): Promise<PartWriter> {
    const file = await Deno.open(this.#partPath, { write: true });
    try {
      await this.#requireOwn(file);
      await file.seek(start, Deno.SeekMode.Start);
    } catch (error) {
      file.close();
      throw error;
    }
    let at = start;
    return {
      write: async (bytes) => {
        try {
          for (let sent = 0; sent < bytes.length;) sent += await file.write(bytes.subarray(sent));
        } catch (error) {
          throw diskError(this.path, error);
        }
        this.#done.add(at, at += bytes.length);
      },
      [Symbol.dispose]: () => file.close(),
    };
  }

  /** Writes the journal, after what it names. One at a time; a call meanwhile waits for that one. */
  async save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => this.#saving = undefined);
    await this.#saving;
  }

  /** Gives the file its own name. */
  async finish(): Promise<void> {
    await this.#saving;
    await this.#file?.sync();
    if (this.#file !== undefined) await this.#requireOwn(this.#file);
    this.close();
    await Deno.rename(this.#partPath, this.path);
    await removeIfThere(journalPathOf(this.path));
  }

  /** Lets go of the file; what is there stays. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  get #partPath(): string {
    return partPathOf(this.path);
  }

  /**
   * That what has our temporary name is a file, and the one that is open: who put a link there, or puts
   * one in its place while we work, does not have us write what it leads to.
   *
   * @throws {RbeeError} `cannot_write` If it is not.
   */
  async #requireOwn(open: Deno.FsFile): Promise<void> {
    const [named, opened, first] = await Promise.all([
      Deno.lstat(this.#partPath),
      open.stat(),
      (this.#file ?? open).stat(),
    ]);
    const isOne = [named, opened].every(({ dev, ino }) => dev === first.dev && ino === first.ino);
    if (isOne && named.isFile) return;
    throw notOurs(this.#partPath);
  }

  async #save(): Promise<void> {
    const { total, validator, url, sha256 } = this.#identity;
    const done = this.#done.runs;
    const path = journalPathOf(this.path);
    try {
      await this.#file?.syncData();
      // Made anew: what has its name may be a link to something else.
      await removeIfThere(`${path}.new`);
      await Deno.writeTextFile(
        `${path}.new`,
        JSON.stringify({ version: 1, total, validator, url, sha256, done }),
        { createNew: true },
      );
      await Deno.rename(`${path}.new`, path);
    } catch (error) {
      throw diskError(this.path, error);
    }
  }

  async #readJournal(): Promise<void> {
    const journal = await readJournal(journalPathOf(this.path));
    if (journal === undefined) return;
    const { total, validator, url, sha256, done } = journal;
    const size = (await this.#file!.stat()).size;
    this.#identity = { total, validator, url, sha256 };
    // Somebody may have shortened the one and not the other.
    this.#done = new ByteRanges(done.filter(([, end]) => end <= size));
  }
}

/** Writes one run of bytes after the other. */
export interface PartWriter extends Disposable {
  /** @throws {RbeeError} `disk_full` or `cannot_write` */
  write(bytes: Uint8Array): Promise<void>;
}

function journalPathOf(path: string): string {
  return `${partPathOf(path)}.json`;
}

/** Undefined where there is none, or none that makes sense: then the file is fetched from its begin. */
async function readJournal(path: string): Promise<z.infer<typeof journalSchema> | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const parsed = journalSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function notOurs(path: string): RbeeError {
  return new RbeeError(
    "cannot_write",
    `${path} is not the file that is being fetched, but a link, or another; remove it, and ask again`,
  );
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
