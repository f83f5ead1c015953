import { RbeeError } from "../base/rbee_error.ts";
import type { ByteRange } from "../models/byte_ranges.ts";
import { PartFile } from "../models/part_file.ts";

/** What a file is that is sent here. */
export interface IncomingOptions {
  /** What it is called in errors. */
  name: string;
  bytes: number;
  /** In hexadecimal. */
  sha256: string;
  /** Told after each block. */
  onBytes(): void;
}

/** A file while it is sent here, block by block, each block whole or not at all. */
export class IncomingFile {
  readonly #part: PartFile;
  /** What it is called in errors. */
  readonly #name: string;
  readonly #onBytes: () => void;
  readonly #whole = Promise.withResolvers<void>();
  #writing: Promise<void> | undefined;
  #closed = false;

  private constructor(
    part: PartFile,
    { name, onBytes }: Pick<IncomingOptions, "name" | "onBytes">,
  ) {
    this.#part = part;
    this.#name = name;
    this.#onBytes = onBytes;
    if (part.isWhole) this.#whole.resolve();
  }

  /**
   * Opens what is there of a file, or begins it. What came of a file with another size or sum is thrown
   * away.
   *
   * @throws {RbeeError} `disk_full` or `cannot_write` If it cannot be written.
   */
  static async open(path: string, options: IncomingOptions): Promise<IncomingFile> {
    const { bytes, sha256 } = options;
    const part = await PartFile.open(path);
    try {
      const { total, sha256: sum } = part.identity;
      if (total !== bytes || sum !== sha256) await part.reset({ total: bytes, sha256 });
    } catch (error) {
      part.close();
      throw error;
    }
    return new IncomingFile(part, options);
  }

  /** What has not come, in order. */
  get missing(): ByteRange[] {
    return this.#part.missing(Infinity);
  }

  /** How many bytes have come. */
  get bytes(): number {
    return this.#part.bytes;
  }

  /** Resolves when all of it has come. */
  get whole(): Promise<void> {
    return this.#whole.promise;
  }

  /**
   * Writes a block, and notes it, so that it is kept over a kill.
   *
   * @throws {RbeeError} `model_in_use` If another block is being written; `not_found` If it is taken no
   * more; `invalid_request` If the block is not within the file; `disk_full` or `cannot_write`.
   */
  async take(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw notExpected(this.#name);
    if (this.#writing !== undefined) {
      throw new RbeeError("model_in_use", `Another block of "${this.#name}" is being written`);
    }
    if (offset + bytes.length > (this.#part.identity.total ?? 0)) {
      throw new RbeeError("invalid_request", `The block is not within "${this.#name}"`);
    }
    this.#writing = this.#write(offset, bytes).finally(() => this.#writing = undefined);
    await this.#writing;
  }

  /** Gives the file its own name. All of it must have come. */
  async finish(): Promise<void> {
    this.#closed = true;
    await this.#part.finish();
  }

  /** Takes no more, once a block that is being written is written. What has come stays. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing?.catch((error: unknown) => error);
    this.#part.close();
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    using writer = await this.#part.writeFrom(offset);
    await writer.write(bytes);
    await this.#part.save();
    this.#onBytes();
    if (this.#part.isWhole) this.#whole.resolve();
  }
}

/** The error for a block of a file that is not sent here. */
export function notExpected(name: string): RbeeError {
  return new RbeeError("not_found", `No file "${name}" is expected here`);
}
