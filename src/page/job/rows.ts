import type { JobEntry, OutputEntry, OutputLine } from "../job_entry.ts";

/** One row of a job's timeline. Its `key` stays its own while the job goes on. */
export type Row =
  | { kind: "dropped"; key: string; lines: number }
  | { kind: "entry"; key: string; entry: Exclude<JobEntry, OutputEntry> }
  | { kind: "group"; key: string; entry: OutputEntry; isOpen: boolean }
  | { kind: "line"; key: string; entry: OutputEntry; line: OutputLine };

/** What is shown of a job. */
export interface RowOptions {
  /** Whether debug narration is shown. */
  showDetails: boolean;
  /** The event that the address names; it is shown whatever it is. */
  linkedSeq: number | undefined;
  /** Whether a group of output was opened. */
  isOpen(entry: OutputEntry): boolean;
}

/** What rows are made of. */
export interface RowSource {
  entries: readonly JobEntry[];
  /** How many lines went before the first entry. */
  droppedLines: number;
}

/**
 * The rows of a timeline. A single line of output stands for itself, several are a group.
 *
 * A job grows at its end, so each {@linkcode read} looks at its newest entries alone, however long it is; it
 * looks at all of them again after the oldest went.
 */
export class RowList {
  readonly #options: RowOptions;
  #rows: Row[] = [];
  #details = 0;
  #droppedLines = 0;
  /** How many entries have rows. The last of them may have grown since. */
  #known = 0;
  /** Where the rows of that last entry begin. */
  #tail = 0;
  #keyOf = keysOf(this.#rows);

  constructor(options: RowOptions) {
    this.#options = options;
  }

  /** All rows, in order. The list grows in place; it is another one after the oldest entries went. */
  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** How many debug sentences there are, shown or not. */
  get details(): number {
    return this.#details;
  }

  /** The key of the row at a place. It is the same function as long as rows are added at the end alone. */
  get keyOf(): (index: number) => string {
    return this.#keyOf;
  }

  /** Takes up what came since it was called last. */
  read({ entries, droppedLines }: RowSource): void {
    if (droppedLines !== this.#droppedLines || entries.length < this.#known) this.#forget();
    if (droppedLines > this.#droppedLines) {
      this.#droppedLines = droppedLines;
      this.#rows.push({ kind: "dropped", key: "dropped", lines: droppedLines });
    }
    const last = this.#known > 0 ? entries[this.#known - 1] : undefined;
    if (last !== undefined) this.#grow(last);
    for (let index = this.#known; index < entries.length; index++) this.#add(entries[index]!);
    this.#known = entries.length;
  }

  #forget(): void {
    this.#rows = [];
    this.#keyOf = keysOf(this.#rows);
    this.#details = 0;
    this.#droppedLines = 0;
    this.#known = 0;
    this.#tail = 0;
  }

  #add(entry: JobEntry): void {
    this.#tail = this.#rows.length;
    if (entry.kind === "said" && entry.level === "debug") this.#details++;
    this.#show(entry);
  }

  /** Shows what has come to an entry that had rows. */
  #grow(entry: JobEntry): void {
    const first = this.#rows[this.#tail];
    if (first?.kind === "group" && first.isOpen) {
      const shown = this.#rows.length - this.#tail - 1;
      this.#showLines(first.entry, shown);
    } else {
      this.#rows.length = this.#tail;
      this.#show(entry);
    }
  }

  #show(entry: JobEntry): void {
    const { showDetails, linkedSeq, isOpen } = this.#options;
    if (entry.kind === "output") {
      const [line] = entry.lines;
      const key = `output-${entry.seq}`;
      if (entry.lines.length === 1 && line !== undefined) {
        this.#rows.push({ kind: "line", key, entry, line });
        return;
      }
      const isOpened = isOpen(entry);
      this.#rows.push({ kind: "group", key, entry, isOpen: isOpened });
      if (isOpened) this.#showLines(entry, 0);
    } else if (
      showDetails || entry.kind !== "said" || entry.level !== "debug" || holds(entry, linkedSeq)
    ) {
      // After a crash of the queen the end may have the number of a line that was lost with her.
      this.#rows.push({ kind: "entry", key: entry.kind === "end" ? "end" : `${entry.seq}`, entry });
    }
  }

  #showLines(entry: OutputEntry, from: number): void {
    for (let index = from; index < entry.lines.length; index++) {
      const line = entry.lines[index]!;
      this.#rows.push({ kind: "line", key: `${line.seq}`, entry, line });
    }
  }
}

/** Where the row of an event is; -1: nowhere. Of a group that is closed, it is the group. */
export function rowIndexOf(rows: readonly Row[], seq: number): number {
  return rows.findIndex((row) => isRowOf(row, seq));
}

/** Whether a row shows an event. */
export function isRowOf(row: Row, seq: number | undefined): boolean {
  if (row.kind === "dropped") return false;
  if (row.kind === "line") return row.line.seq === seq;
  if (row.kind === "group") return !row.isOpen && holds(row.entry, seq);
  return holds(row.entry, seq);
}

function keysOf(rows: readonly Row[]): (index: number) => string {
  return (index) => rows[index]?.key ?? `${index}`;
}

function holds({ seq, lastSeq }: JobEntry, wanted: number | undefined): boolean {
  return wanted !== undefined && seq <= wanted && wanted <= lastSeq;
}
