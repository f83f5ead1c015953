import { LineRedactor } from "../base/line_redactor.ts";
import { type LineRun, LineRuns } from "../base/line_runs.ts";
import type { NarrationRecord } from "../contracts/narration_record.ts";
import { redactRecord } from "../narration/redact_record.ts";
import { mayBecomeNarration, mayHoldNarration, parseNarrationLine } from "./narration_line.ts";
import { hasControls, paintedText, printableText } from "./printable_text.ts";
import { type PrintedLine, ProgressLine } from "./progress_line.ts";

/** What a {@linkcode StreamCapture} reads, and who gets it. Its functions must not throw. */
export interface StreamCaptureOptions {
  /** Whether lines that look like narration are narration. */
  narration: boolean;
  /** Whether the lines are given with their colours too. */
  color: boolean;
  onNarration(record: NarrationRecord): void;
  /**
   * Gets lines that stand together; they are the receiver's. `painted` is there when a line of them
   * has colours; `truncated` is true for a single line that was cut.
   */
  onLines(lines: string[], truncated: boolean, painted: string[] | undefined): void;
}

/**
 * Makes lines and narration of the bytes of one output, without the secrets that `redact` knows, those
 * that go over several lines included. Gives what a chunk completes before
 * {@linkcode push} returns, in its order; updates of a progress line as {@linkcode ProgressLine} tells.
 * Holds no more than one line of at most 64 KiB.
 */
export class StreamCapture {
  readonly #options: StreamCaptureOptions;
  readonly #runs = new LineRuns();
  readonly #progress: ProgressLine;
  readonly #secrets = new LineRedactor();

  constructor(options: StreamCaptureOptions) {
    this.#options = options;
    this.#progress = new ProgressLine({
      show: (update) => this.#give(update),
      rest: () => this.#unended(),
    });
  }

  /** Takes the next bytes. Keeps no view of them. */
  push(chunk: Uint8Array): void {
    const runs = this.#runs.push(chunk);
    for (const run of runs) this.#take(run);
    this.#progress.settle(!this.#hasUpdate() ? "none" : runs.length > 0 ? "new" : "same");
  }

  /** Gives what is left without an end, and lets go of everything. To be called last. */
  end(): void {
    const rest = this.#runs.flush();
    if (rest !== undefined) this.#take(rest);
    const pending = this.#progress.close();
    if (pending !== undefined) this.#give(pending);
  }

  #take({ text, end, truncated }: LineRun): void {
    if (truncated) this.#takeOne(text, end, truncated);
    else if (end === "\r") this.#takeReplaced(text);
    else this.#takeLines(text);
  }

  #takeLines(text: string): void {
    let at = 0;
    // One by one for as long as what was updated before has a say in it.
    while (this.#progress.isBusy) {
      const end = text.indexOf("\n", at);
      this.#takeOne(end === -1 ? text.slice(at) : text.slice(at, end), "\n", false);
      if (end === -1) return;
      at = end + 1;
    }
    const rest = at === 0 ? text : text.slice(at);
    const narration = this.#options.narration && mayHoldNarration(rest);
    const lines = rest.split("\n");
    const mixed = narration || hasControls(rest) || this.#secrets.concerns(rest);
    if (mixed) this.#takeMixed(lines, narration);
    else this.#options.onLines(lines, false, undefined);
  }

  /** Lines of which any may be narration, or hold what must be removed or hidden. */
  #takeMixed(texts: readonly string[], narration: boolean): void {
    const { color, onLines, onNarration } = this.#options;
    let lines: string[] = [];
    let painted: string[] | undefined;
    for (const text of texts) {
      const record = narration ? parseNarrationLine(text) : undefined;
      if (record !== undefined) {
        if (lines.length > 0) onLines(lines, false, painted);
        lines = [];
        painted = undefined;
        onNarration(redactRecord(record));
        continue;
      }
      const printable = hasControls(text) ? printableText(text) : text;
      const line = this.#secrets.line(printable);
      // What is taken away may have had colours within.
      const colored = color && printable !== text && line === printable ? paintedText(text) : line;
      if (colored !== line) painted ??= lines.slice();
      lines.push(line);
      painted?.push(colored);
    }
    if (lines.length > 0) onLines(lines, false, painted);
  }

  /** What a terminal writes over: of all these updates only the last could be seen. */
  #takeReplaced(text: string): void {
    const updates = text.split("\r");
    // A private key must be seen from its begin to its end.
    const narration = this.#options.narration && mayHoldNarration(text);
    if (narration || this.#secrets.concerns(text)) {
      for (const update of updates) this.#takeOne(update, "\r", false);
      return;
    }
    let at = updates.length - 1;
    while (at > 0 && printableText(updates[at]!).trim() === "") at--;
    this.#progress.update(this.#printed(updates[at]!, false, (line) => this.#secrets.line(line)));
  }

  #takeOne(text: string, end: "\n" | "\r", truncated: boolean): void {
    const record = this.#options.narration && !truncated ? parseNarrationLine(text) : undefined;
    if (record !== undefined) {
      if (end === "\n") this.#progress.interrupt();
      return this.#options.onNarration(redactRecord(record));
    }
    const printed = this.#printed(text, truncated, (line) => this.#secrets.line(line));
    if (end === "\r") return this.#progress.update(printed);
    const last = this.#progress.finish(printed);
    if (last !== undefined) this.#give(last);
  }

  #hasUpdate(): boolean {
    return this.#runs.hasRest && (this.#progress.isOpen || this.#runs.hasReturned);
  }

  #unended(): PrintedLine | undefined {
    if (!this.#hasUpdate()) return undefined;
    const { text, truncated } = this.#runs.rest;
    if (this.#options.narration && mayBecomeNarration(text)) return undefined;
    return this.#printed(text, truncated, (line) => this.#secrets.peek(line));
  }

  #printed(text: string, truncated: boolean, redacted: (line: string) => string): PrintedLine {
    const printable = hasControls(text) ? printableText(text) : text;
    const line = redacted(printable);
    const keepsColor = this.#options.color && printable !== text && line === printable;
    return { line, painted: keepsColor ? paintedText(text) : line, truncated };
  }

  #give({ line, painted, truncated }: PrintedLine): void {
    this.#options.onLines([line], truncated, painted === line ? undefined : [painted]);
  }
}
