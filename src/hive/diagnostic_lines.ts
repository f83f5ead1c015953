const WINDOW_MS = 1000;

/**
 * Passes a worker's lines on to the operator's log, at most so many a second, so that a program which
 * floods its output does not fill the disk a second time: the worker's own log has every line.
 */
export class DiagnosticLines {
  readonly #write: (line: string) => void;
  readonly #prefix: string;
  readonly #perSecond: number;
  #windowMs = -Infinity;
  #left = 0;
  #skipped = 0;

  /** @param options.perSecond Default 100. */
  constructor(
    id: string,
    write: (line: string) => void,
    options: { perSecond?: number } = {},
  ) {
    this.#write = write;
    this.#prefix = id;
    this.#perSecond = options.perSecond ?? 100;
  }

  /** Takes lines of one stream, in order. */
  push(stream: "stdout" | "stderr", lines: readonly string[]): void {
    const nowMs = performance.now();
    if (nowMs - this.#windowMs >= WINDOW_MS) {
      this.flush();
      this.#windowMs = nowMs;
      this.#left = this.#perSecond;
    }
    const passed = Math.min(this.#left, lines.length);
    for (let i = 0; i < passed; i++) this.#write(`${this.#prefix} ${stream}: ${lines[i]}`);
    this.#left -= passed;
    this.#skipped += lines.length - passed;
  }

  /** Says how many lines were left out since that was last said. */
  flush(): void {
    if (this.#skipped === 0) return;
    this.#write(
      `${this.#prefix}: ${this.#skipped} more lines are in its log alone: rbee worker logs ${this.#prefix}`,
    );
    this.#skipped = 0;
  }
}
