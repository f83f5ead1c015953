import { cannotWrite } from "../base/file_error.ts";
import { type Line, LineSplitter } from "../base/line_splitter.ts";
import { deliver } from "../narration/narration_sink.ts";
import type { NarrationRecord } from "../contracts/narration_record.ts";
import { parseNarrationLine } from "../process/narration_line.ts";
import { printableText } from "../process/printable_text.ts";

const KEPT_LINES = 20;

/**
 * Follows the log file of a daemon and says here what it narrates there. Reads when it is told to,
 * from where the file ended when the follower was opened.
 */
export class LogFollower {
  readonly #file: Deno.FsFile;
  readonly #splitter = new LineSplitter();
  readonly #buffer = new Uint8Array(65_536);
  #lastLineMs = performance.now();
  #lastError: NarrationRecord | undefined;
  #plain: string[] = [];
  #hasSaidReady = false;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Opens the file, making it if there is none, readable by its owner alone. */
  static async open(path: string): Promise<LogFollower> {
    const options = { read: true, append: true, create: true, mode: 0o600 };
    const file = await Deno.open(path, options).catch((error: unknown) => {
      throw cannotWrite(path, error);
    });
    await file.seek(0, Deno.SeekMode.End);
    return new LogFollower(file);
  }

  /** When the last line came, in milliseconds of `performance.now()`. */
  get lastLineMs(): number {
    return this.#lastLineMs;
  }

  /** The last error that was narrated, or else the last lines that were no narration. */
  get lastWords(): string {
    return this.#lastError?.human ?? this.#plain.slice(-3).join(" ");
  }

  /** Whether the daemon has said that it is ready. */
  get hasSaidReady(): boolean {
    return this.#hasSaidReady;
  }

  /** Reads what has come since and says it. */
  async pump(): Promise<void> {
    for (;;) {
      const read = await this.#file.read(this.#buffer);
      if (read === null || read === 0) return;
      for (const line of this.#splitter.push(this.#buffer.subarray(0, read))) this.#say(line);
    }
  }

  close(): void {
    this.#file.close();
  }

  #say({ text, truncated, replaced }: Line): void {
    this.#lastLineMs = performance.now();
    const record = truncated ? undefined : parseNarrationLine(text);
    if (record === undefined) {
      const line = printableText(text).trim();
      if (line === "" || replaced) return;
      this.#plain.push(line);
      if (this.#plain.length > KEPT_LINES) this.#plain.shift();
      return;
    }
    // What belongs to somebody's job is for who watches that job.
    if (record.job_id !== undefined) return;
    if (record.level === "error") this.#lastError = record;
    if (record.action === "ready") this.#hasSaidReady = true;
    deliver(record);
  }
}
