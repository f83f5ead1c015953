import { unlessAborted } from "../base/delay.ts";
import { redact } from "../base/redact.ts";
import { singleLine } from "../base/single_line.ts";
import { timestamp } from "../base/timestamp.ts";
import type { JobEvent } from "../contracts/job_event.ts";
import type { NarrationLevel, NarrationRecord } from "../contracts/narration_record.ts";
import { paintNarration } from "../narration/color.ts";
import { formatNarrationJson } from "../narration/json_format.ts";
import { isShown } from "../narration/level.ts";
import type { NarrationSink } from "../narration/narration_sink.ts";
import { redactRecord } from "../narration/redact_record.ts";
import { printableText } from "../process/printable_text.ts";
import { progressRow, type UnderWay } from "./progress_row.ts";
import { escapeControls, shownLine } from "./shown_text.ts";
import type { Terminal } from "./terminal.ts";

// ECMA-48: to the row's begin, and nothing from there on.
const CLEAR_ROW = "\r\x1b[K";

/** What a person wants to see. */
export interface RenderOptions {
  /** No narration. */
  quiet?: boolean | undefined;
  /** Narration of level `debug` too. */
  verbose?: boolean | undefined;
  /** Results as JSON; a stream as one event a line. */
  json?: boolean | undefined;
}

/** What is shown of narration. */
export type ShownNarration =
  & Pick<NarrationRecord, "actor" | "action" | "human" | "level">
  & Partial<Pick<NarrationRecord, "at" | "fields" | "progress">>;

/**
 * Shows narration and results: the result alone on standard output, the rest on standard error. Also
 * the sink for the keeper's own narration, so that all of it keeps its order. What others said is
 * shown without what a terminal would obey; an answer as it stands, where it goes to a file.
 */
export class Renderer implements NarrationSink {
  readonly #terminal: Terminal;
  readonly #options: RenderOptions;
  readonly #minimum: NarrationLevel;
  #midLine = false;
  #underWay = false;

  constructor(terminal: Terminal, options: RenderOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#minimum = options.verbose ? "debug" : "info";
  }

  /**
   * Shows a piece of narration; as JSON where another rbee reads it. What is under way is a row with a
   * bar, written over by what comes next, on a terminal that can do so.
   */
  write(said: ShownNarration): void {
    if (this.#options.quiet || !this.#isWanted(said)) return;
    // Who made it has done so already, unless that was no rbee of this version.
    const record = redactRecord({ ...said, human: printableText(said.human) });
    const human = shownLine(record.human);
    if (this.#terminal.narration === "json") {
      const { actor, action, level, fields, progress } = record;
      const at = record.at ?? timestamp();
      this.#line(
        formatNarrationJson({
          rbee: "narration",
          at,
          actor,
          action,
          human,
          level,
          ...(fields && { fields }),
          ...(progress && { progress }),
        }),
      );
      return;
    }
    const { color, canRewrite, columns } = this.#terminal;
    if (canRewrite && isUnderWay(record)) {
      this.#row(progressRow({ ...record, human }, { columns: columns(), color }));
    } else this.#line(paintNarration({ ...record, human }, { color }));
  }

  /** Shows an event of a job. */
  event(event: JobEvent): void {
    if (this.#options.json) {
      this.#result(escapeControls(JSON.stringify(event)) + "\n");
      return;
    }
    switch (event.type) {
      case "narration":
        return this.write(event);
      case "log":
        return this.write({
          actor: event.actor,
          action: event.stream,
          human: event.line + (event.truncated ? " [cut]" : ""),
          level: "info",
        });
      case "token":
        return this.#token(event.text);
      case "data":
        return this.result(event.value);
      case "gap":
        return this.error(`Events ${event.from} to ${event.to} are gone`);
      case "done":
        return this.endAnswer();
      case "error":
      case "cancelled":
        this.endAnswer();
    }
  }

  /** Shows a result: JSON, indented for a person. */
  result(value: unknown): void {
    const text = JSON.stringify(value ?? null, null, this.#options.json ? undefined : 2);
    this.#result(escapeControls(text) + "\n");
  }

  /** Shows lines that are the result. */
  lines(lines: readonly string[]): void {
    this.#result(lines.map((line) => shownLine(line) + "\n").join(""));
  }

  /** Shows text that is the result, as it stands. */
  text(text: string): void {
    this.#result(text);
  }

  /** Whether results cannot be written any more, as when the reader of the pipe has left. */
  get isUnread(): boolean {
    return this.#terminal.queue.failureOf(this.#terminal.stdout) !== undefined;
  }

  /** Shows how a command went: the value as JSON where that was asked for, else the sentences, a line each. */
  summary(value: unknown, ...sentences: readonly string[]): void {
    if (this.#options.json) this.result(value);
    else if (!this.#options.quiet) {
      for (const sentence of sentences) this.#line(singleLine(redact(sentence)));
    }
  }

  /** Shows an error in a sentence, whatever else is hidden. */
  error(message: string): void {
    const text = `Error: ${singleLine(redact(message))}`;
    this.#line(this.#terminal.color ? `\x1b[31m${text}\x1b[0m` : text);
  }

  /**
   * Ends the line of the answer, on a terminal alone: a file holds the answer and nothing else. Takes
   * away what is left of a row that was under way.
   */
  endAnswer(): void {
    this.#clearRow();
    if (!this.#midLine) return;
    this.#midLine = false;
    const { queue, stdout, stdoutIsTerminal } = this.#terminal;
    if (stdoutIsTerminal) queue.push(stdout, "\n");
    else if (this.#terminal.oneScreen) queue.push(this.#terminal.stderr, "\n");
  }

  /** Resolves when all is written, or when `signal` aborts: nobody may be reading. */
  async flush(options: { signal: AbortSignal }): Promise<void> {
    const { signal } = options;
    if (signal.aborted) return;
    await unlessAborted(this.#terminal.queue.flush(), signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  #token(given: string): void {
    const text = this.#terminal.stdoutIsTerminal ? printableText(given) : given;
    this.#result(text);
    this.#midLine = !text.endsWith("\n") && (text !== "" || this.#midLine);
  }

  #result(text: string): void {
    if (this.#terminal.oneScreen) this.#clearRow();
    this.#terminal.queue.push(this.#terminal.stdout, text);
  }

  /** What fine steps there are between others is for a row that is written over, and for who asks. */
  #isWanted(record: ShownNarration): boolean {
    if (isShown(record.level, this.#minimum)) return true;
    const { canRewrite, narration } = this.#terminal;
    return (narration === "json" || canRewrite) && isUnderWay(record);
  }

  #line(text: string): void {
    this.#row(text + "\n");
    this.#underWay = false;
  }

  /** Shows what the next line, or the answer, takes the place of. */
  #row(text: string): void {
    const { queue, stderr, oneScreen } = this.#terminal;
    const lead = this.#midLine && oneScreen ? "\n" : "";
    if (lead !== "") this.#midLine = false;
    queue.push(stderr, `${lead}${this.#underWay ? CLEAR_ROW : ""}${text}`);
    this.#underWay = true;
  }

  #clearRow(): void {
    if (this.#underWay) this.#terminal.queue.push(this.#terminal.stderr, CLEAR_ROW);
    this.#underWay = false;
  }
}

/** Whether more of the same is to come. */
function isUnderWay(record: ShownNarration): record is ShownNarration & UnderWay {
  const { progress } = record;
  return progress !== undefined && progress.total > 0 && progress.current < progress.total;
}
