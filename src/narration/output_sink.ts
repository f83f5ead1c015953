import type { NarrationLevel, NarrationRecord } from "../contracts/narration_record.ts";
import { paintNarration } from "./color.ts";
import { formatNarrationJson } from "./json_format.ts";
import { isShown } from "./level.ts";
import type { NarrationSink } from "./narration_sink.ts";
import type { OutputQueue, OutputWriter } from "./output_queue.ts";

/** How an {@linkcode OutputSink} writes. */
export interface OutputSinkOptions {
  /** `text` for people, `json` for the process that reads this output. */
  format: "text" | "json";
  /** Colour, in `text` alone. Default false. */
  color?: boolean;
  /** The least level written. Default `info` for text, `debug` for JSON, whose reader filters. */
  minimum?: NarrationLevel;
}

/** The sink that every process has: its own output, one line a record. */
export class OutputSink implements NarrationSink {
  readonly #queue: OutputQueue;
  readonly #writer: OutputWriter;
  readonly #format: "text" | "json";
  readonly #color: boolean;
  readonly #minimum: NarrationLevel;

  constructor(queue: OutputQueue, writer: OutputWriter, options: OutputSinkOptions) {
    this.#queue = queue;
    this.#writer = writer;
    this.#format = options.format;
    this.#color = options.color ?? false;
    this.#minimum = options.minimum ?? (options.format === "json" ? "debug" : "info");
  }

  write(record: NarrationRecord): void {
    if (!isShown(record.level, this.#minimum)) return;
    const line = this.#format === "json"
      ? formatNarrationJson(record)
      : paintNarration(record, { color: this.#color });
    this.#queue.push(this.#writer, line + "\n");
  }
}
