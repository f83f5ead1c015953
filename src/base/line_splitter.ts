import { LineRuns } from "./line_runs.ts";

/** A line without its end. */
export interface Line {
  text: string;
  /** Whether it was longer than the splitter's limit. */
  truncated: boolean;
  /** Whether a bare carriage return ended it, so that a terminal writes what follows over it. */
  replaced: boolean;
}

/**
 * Cuts a stream of bytes into lines, one by one. For what ends a line, what becomes of invalid UTF-8
 * and of lines of more than `maxLineBytes` (default 65,536) bytes see {@linkcode LineRuns}.
 */
export class LineSplitter {
  readonly #runs: LineRuns;

  constructor(options: { maxLineBytes?: number } = {}) {
    this.#runs = new LineRuns(options);
  }

  /** Takes the next bytes and returns the lines that they complete. Keeps no view of `chunk`. */
  push(chunk: Uint8Array): Line[] {
    return this.#runs.push(chunk).flatMap(({ text, end, truncated }) =>
      text.split(end).map((line) => ({ text: line, truncated, replaced: end === "\r" }))
    );
  }

  /** Returns what is left without a line end, if anything is. The splitter can be used again. */
  flush(): Line | undefined {
    const run = this.#runs.flush();
    return run && { text: run.text, truncated: run.truncated, replaced: false };
  }
}
