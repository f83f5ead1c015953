import { within } from "../base/delay.ts";

/** Where bytes go in the end: standard output, standard error, a file. */
export interface OutputWriter {
  write(bytes: Uint8Array): Promise<number>;
}

interface Entry {
  writer: OutputWriter;
  text: string;
}

const encoder = new TextEncoder();

/**
 * Writes text in the order it was pushed, without ever blocking who pushes.
 *
 * Several writers share one queue, so that what goes to standard output and standard error keeps its
 * order on a terminal. Above `maxCharacters` (default 4,194,304) of unwritten text, `push` drops and
 * counts; what was dropped is said in one line on the same writer as soon as there is room. When
 * nothing waits, a text of any length is taken. A writer that fails (its reader has gone) is not
 * tried again.
 */
export class OutputQueue {
  readonly #maxCharacters: number;
  #entries: Entry[] = [];
  #characters = 0;
  readonly #dropped = new Map<OutputWriter, number>();
  #pumping: Promise<void> | undefined;
  readonly #broken = new Map<OutputWriter, unknown>();

  constructor(options: { maxCharacters?: number } = {}) {
    this.#maxCharacters = options.maxCharacters ?? 4 * 1024 * 1024;
  }

  /** Queues `text`, line ends included. Returns false when it was dropped. */
  push(writer: OutputWriter, text: string): boolean {
    if (this.#characters > 0 && this.#characters + text.length > this.#maxCharacters) {
      this.#dropped.set(writer, (this.#dropped.get(writer) ?? 0) + 1);
      return false;
    }
    this.#sayDropped();
    this.#add(writer, text);
    this.#pumping ??= this.#pump();
    return true;
  }

  /** Resolves true when all is written, or false after `timeoutMs` (default: no limit). */
  async flush(options: { timeoutMs?: number } = {}): Promise<boolean> {
    const pumping = this.#pumping;
    if (pumping === undefined) return true;
    if (options.timeoutMs === undefined) {
      await pumping;
      return true;
    }
    return await within(pumping.then(() => true), options.timeoutMs) ?? false;
  }

  /** Why a writer is not written to any more; undefined while it works. */
  failureOf(writer: OutputWriter): unknown {
    return this.#broken.get(writer);
  }

  #add(writer: OutputWriter, text: string): void {
    this.#entries.push({ writer, text });
    this.#characters += text.length;
  }

  #sayDropped(): void {
    for (const [writer, count] of this.#dropped) {
      this.#add(writer, `rbee: ${count} lines were dropped here: nobody read this output\n`);
    }
    this.#dropped.clear();
  }

  async #pump(): Promise<void> {
    for (;;) {
      if (this.#entries.length === 0) this.#sayDropped();
      if (this.#entries.length === 0) break;
      const entries = this.#entries;
      this.#entries = [];
      for (let at = 0; at < entries.length;) {
        const { writer } = entries[at]!;
        let text = "";
        while (at < entries.length && entries[at]!.writer === writer) text += entries[at++]!.text;
        await this.#writeAll(writer, text);
        this.#characters -= text.length;
      }
    }
    this.#pumping = undefined;
  }

  async #writeAll(writer: OutputWriter, text: string): Promise<void> {
    if (this.#broken.has(writer)) return;
    let bytes = encoder.encode(text);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(await writer.write(bytes));
    } catch (error) {
      // A daemon goes on without its reader; who wrote a result can ask what became of it.
      this.#broken.set(writer, error);
    }
  }
}
