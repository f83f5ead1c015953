import { redact } from "../base/redact.ts";
import { timestamp } from "../base/timestamp.ts";
import type { NarrationLevel } from "../contracts/narration_record.ts";
import { isShown } from "./level.ts";
import type { OutputQueue, OutputWriter } from "./output_queue.ts";

/** How a {@linkcode DiagnosticLog} writes. */
export interface DiagnosticLogOptions {
  /** `text`: the lines as they are; `json`: one object a line with `at`, `level`, `actor` and `line`. */
  format: "text" | "json";
  /** The role that writes. */
  actor: string;
  /** The least level written. Default `info`. */
  minimum?: NarrationLevel | undefined;
}

/**
 * The operator's log of a process, on its standard error: what its workers and llama.cpp print, and
 * the defects that it met. It is no narration, and has a form and levels of its own. Secrets that
 * `redact` knows are taken out.
 */
export class DiagnosticLog {
  readonly #queue: OutputQueue;
  readonly #writer: OutputWriter;
  readonly #options: DiagnosticLogOptions;

  constructor(queue: OutputQueue, writer: OutputWriter, options: DiagnosticLogOptions) {
    this.#queue = queue;
    this.#writer = writer;
    this.#options = options;
  }

  /** Writes a line, given without its end. Never blocks; see {@linkcode OutputQueue} for overflow. */
  write(line: string, level: NarrationLevel = "info"): void {
    const { format, actor, minimum = "info" } = this.#options;
    if (!isShown(level, minimum)) return;
    const shown = redact(line);
    const text = format === "json"
      ? JSON.stringify({ at: timestamp(), level, actor, line: shown })
      : shown;
    this.#queue.push(this.#writer, text + "\n");
  }
}
