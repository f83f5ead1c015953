import type { FinishReason, Usage } from "../contracts/job_event.ts";
import type { NarrationFields, NarrationLevel, Progress } from "../contracts/narration_record.ts";

/** Where an entry stands: the events that it shows, and when they were. Both ends are included. */
interface Place {
  /** The number of its first event. */
  seq: number;
  lastSeq: number;
  at: string;
  lastAt: string;
}

/** A sentence of narration. One that tells how far a step has come takes up those that follow it. */
export interface SaidEntry extends Place {
  kind: "said";
  actor: string;
  action: string;
  text: string;
  level: NarrationLevel;
  progress?: Progress | undefined;
  fields?: NarrationFields | undefined;
}

/** One captured line of a program. */
export interface OutputLine {
  seq: number;
  at: string;
  stream: "stdout" | "stderr";
  text: string;
  truncated: boolean;
}

/** Captured lines of one actor that came one after the other. */
export interface OutputEntry extends Place {
  kind: "output";
  actor: string;
  lines: OutputLine[];
}

/** Tokens that came one after the other; their text is the recording's `answer`. */
export interface AnswerEntry extends Place {
  kind: "answer";
  tokens: number;
}

/** A structured result. */
export interface DataEntry extends Place {
  kind: "data";
  name: string;
  value: unknown;
}

/** Events that are no longer kept. */
export interface GapEntry extends Place {
  kind: "gap";
}

/** How the job ended. */
export interface EndEntry extends Place {
  kind: "end";
  state: "done" | "error" | "cancelled";
  /** Of an error, its name. */
  code?: string;
  /** Of an error what happened, of a cancelled job why. */
  message?: string;
  /** Of an error: what is known beside, such as the last lines of a program that died. */
  details?: unknown;
  result?: unknown;
  usage?: Usage | undefined;
  finishReason?: FinishReason | undefined;
}

/** What a job's page shows, in the order in which it happened. */
export type JobEntry =
  | SaidEntry
  | OutputEntry
  | AnswerEntry
  | DataEntry
  | GapEntry
  | EndEntry;
