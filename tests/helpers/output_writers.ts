import type { OutputWriter } from "../../src/narration/output_queue.ts";

/** Keeps what is written; `chunkBytes` is the most that one write takes. */
export class MemoryWriter implements OutputWriter {
  readonly #decoder = new TextDecoder();
  readonly #chunkBytes: number;
  /** All that was written so far. */
  text = "";
  writes = 0;

  constructor(options: { chunkBytes?: number } = {}) {
    this.#chunkBytes = options.chunkBytes ?? Infinity;
  }

  write(bytes: Uint8Array): Promise<number> {
    const taken = bytes.subarray(0, this.#chunkBytes);
    this.text += this.#decoder.decode(taken, { stream: true });
    this.writes++;
    return Promise.resolve(taken.length);
  }

  /** The complete lines written so far. */
  lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

/** A reader that takes nothing until it is opened. */
export class BlockedWriter extends MemoryWriter {
  readonly #opened = Promise.withResolvers<void>();

  override async write(bytes: Uint8Array): Promise<number> {
    await this.#opened.promise;
    return await super.write(bytes);
  }

  open(): void {
    this.#opened.resolve();
  }
}
