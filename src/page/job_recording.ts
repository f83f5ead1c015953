import { signal } from "@preact/signals";
import type { JobEvent, NarrationEvent, TerminalEvent } from "../contracts/job_event.ts";
import type { ApiError } from "./api.ts";
import { queenNow } from "./cluster.ts";
import type { EndEntry, JobEntry, OutputLine, SaidEntry } from "./job_entry.ts";

/** How many lines of one job are held. */
export const MAX_LINES = 100_000;

/** How many characters of one job are held beside its answer: 64 MiB, where each takes two bytes. */
export const MAX_CHARACTERS = 32 * 1024 * 1024;

/** What a line costs beside its characters, in characters. */
const COST = 100;

/**
 * What has been read of one job's events, in order, each once. It outlives the connection that it is read
 * from: the next one goes on after {@linkcode lastSeq}.
 *
 * `version` changes with every event; who shows the recording reads it again then. The entry at the end is
 * changed in place while it grows. Others are not, unless `droppedLines` changes: past {@linkcode MAX_LINES}
 * or {@linkcode MAX_CHARACTERS} the oldest lines of output go, and where there are none, what was said first.
 */
export class JobRecording {
  readonly jobId: string;
  /** Counts what has been added. */
  readonly version = signal(0);
  /** Why the job cannot be read; undefined as long as it may. */
  readonly missing = signal<ApiError | undefined>(undefined);
  readonly entries: JobEntry[] = [];
  /** How many lines went because there was too much. */
  droppedLines = 0;
  /** Whether something that is no output went, so that the begin is not known any more. */
  hasLostNarration = false;
  /** How the job ended; undefined while it has not, as far as it has been read. */
  end: EndEntry | undefined;
  /** How many tokens came. */
  tokens = 0;
  /** When the first and the newest token came, in milliseconds since 1970. */
  firstTokenMs: number | undefined;
  lastTokenMs: number | undefined;
  #lastSeq = 0;
  #lines = 0;
  /** The size of the entries. */
  #held = 0;
  #answerLength = 0;
  #answer = "";
  #answerParts: string[] = [];

  constructor(jobId: string) {
    this.jobId = jobId;
  }

  /** The number of the newest event that was read; 0: none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** About how many characters it holds, the answer among them. */
  get characters(): number {
    return this.#held + this.#answerLength;
  }

  /** The text of all tokens. */
  get answer(): string {
    if (this.#answerParts.length > 0) {
      this.#answer += this.#answerParts.join("");
      this.#answerParts = [];
    }
    return this.#answer;
  }

  /** Adds an event. One that was read before changes nothing. */
  add(event: JobEvent): void {
    if (this.end !== undefined) return;
    const isEnd = event.type === "done" || event.type === "error" || event.type === "cancelled";
    const seq = event.type === "gap" ? event.to : event.seq;
    // After a crash of the queen the end may have the number of an event that was lost with her.
    if (seq <= this.#lastSeq && !isEnd) return;
    this.#lastSeq = Math.max(seq, this.#lastSeq);
    if (isEnd) this.#finish(event as TerminalEvent);
    else this.#take(event as Exclude<JobEvent, TerminalEvent>);
    this.#dropOldest();
    this.version.value++;
  }

  /** The entry that shows an event; undefined: none does. */
  entryOf(seq: number): JobEntry | undefined {
    return this.entries.find((entry) => entry.seq <= seq && seq <= entry.lastSeq);
  }

  #take(event: Exclude<JobEvent, TerminalEvent>): void {
    const last = this.entries.at(-1);
    switch (event.type) {
      case "narration": {
        const { seq, at, actor, action, human: text, level, progress, fields } = event;
        if (last?.kind === "said" && goesOn(last, event)) {
          this.#held += text.length - last.text.length;
          Object.assign(last, { lastSeq: seq, lastAt: at, text, level, progress, fields });
          return;
        }
        this.#push({ kind: "said", ...place(event), actor, action, text, level, progress, fields });
        return;
      }
      case "log": {
        const { seq, at, actor, stream, line: text, truncated = false } = event;
        const line = { seq, at, stream, text, truncated };
        this.#lines++;
        this.#held += sizeOfLine(line);
        if (last?.kind === "output" && last.actor === actor) {
          last.lines.push(line);
          Object.assign(last, { lastSeq: seq, lastAt: at });
        } else this.entries.push({ kind: "output", ...place(event), actor, lines: [line] });
        return;
      }
      case "token":
        this.#answerParts.push(event.text);
        this.#answerLength += event.text.length;
        this.tokens++;
        this.lastTokenMs = Date.parse(event.at);
        this.firstTokenMs ??= this.lastTokenMs;
        if (last?.kind === "answer") {
          Object.assign(last, { lastSeq: event.seq, lastAt: event.at, tokens: last.tokens + 1 });
        } else this.#push({ kind: "answer", ...place(event), tokens: 1 });
        return;
      case "data":
        this.#push({ kind: "data", ...place(event), name: event.name, value: event.value });
        return;
      case "gap": {
        const at = last?.lastAt ?? new Date(queenNow()).toISOString();
        // What was read before is not missing here.
        const from = Math.max(event.from, (last?.lastSeq ?? 0) + 1);
        this.#push({ kind: "gap", seq: from, lastSeq: event.to, at, lastAt: at });
      }
    }
  }

  #finish(event: TerminalEvent): void {
    const entry: EndEntry = { kind: "end", ...place(event), state: event.type };
    if (event.type === "done") {
      const { result, usage, finish_reason: finishReason } = event;
      Object.assign(entry, { result, usage, finishReason });
    } else if (event.type === "error") {
      const { code, message, details } = event;
      Object.assign(entry, { code, message, details });
    } else entry.message = event.reason;
    this.end = entry;
    this.#push(entry);
  }

  #push(entry: JobEntry): void {
    this.#lines++;
    this.#held += sizeOf(entry);
    this.entries.push(entry);
  }

  #dropOldest(): void {
    if (this.#lines <= MAX_LINES && this.#held <= MAX_CHARACTERS) return;
    // A tenth goes at once, since each cut moves all the others.
    const isOver = () => this.#lines > MAX_LINES * 0.9 || this.#held > MAX_CHARACTERS * 0.9;
    this.#dropOutput(isOver);
    let gone = 0;
    // What is too much without output is what was said.
    for (const entry of this.entries) {
      if (!isOver() || gone === this.entries.length - 1) break;
      this.#drop(entry.kind === "output" ? entry.lines.length : 1, sizeOf(entry));
      gone++;
    }
    this.entries.splice(0, gone);
    if (gone > 0) this.hasLostNarration = true;
  }

  /** Drops lines of programs, which are most of it and tell least. The newest line stays. */
  #dropOutput(isOver: () => boolean): void {
    const last = this.entries.at(-1);
    let kept = 0;
    for (const entry of this.entries) {
      if (entry.kind === "output" && isOver()) {
        const most = entry.lines.length - (entry === last ? 1 : 0);
        let count = 0;
        while (count < most && isOver()) this.#drop(1, sizeOfLine(entry.lines[count++]!));
        entry.lines.splice(0, count);
        const [line] = entry.lines;
        if (line === undefined) continue;
        Object.assign(entry, { seq: line.seq, at: line.at });
      }
      this.entries[kept++] = entry;
    }
    this.entries.length = kept;
  }

  #drop(lines: number, size: number): void {
    this.#lines -= lines;
    this.#held -= size;
    this.droppedLines += lines;
  }
}

/** About how many characters an entry holds, with what it costs beside them. */
function sizeOf(entry: JobEntry): number {
  switch (entry.kind) {
    case "said":
      return entry.text.length + COST;
    case "output":
      return entry.lines.reduce((sum, line) => sum + sizeOfLine(line), 0);
    case "data":
      return (JSON.stringify(entry.value)?.length ?? 0) + COST;
    default:
      return COST;
  }
}

function sizeOfLine({ text }: OutputLine): number {
  return text.length + COST;
}

/** Whether a sentence tells how much further the step of the one before it has come. */
function goesOn(last: SaidEntry, { actor, action, level, progress }: NarrationEvent): boolean {
  return progress !== undefined && last.progress !== undefined &&
    last.actor === actor && last.action === action && last.level === level &&
    last.progress.unit === progress.unit &&
    // One that begins anew, or is of another size, is of something else: of the next file, say.
    last.progress.current <= progress.current &&
    (last.progress.total === progress.total || last.progress.total === 0);
}

function place({ seq, at }: { seq: number; at: string }) {
  return { seq, lastSeq: seq, at, lastAt: at };
}
