import { stripVTControlCharacters } from "node:util";
import { within } from "../base/delay.ts";
import { timestamp } from "../base/timestamp.ts";
import { type Line, LineSplitter } from "../base/line_splitter.ts";
import { cutText, singleLine } from "../base/single_line.ts";
import type { NarrationRecord } from "../contracts/narration_record.ts";
import { parseNarrationJson } from "../narration/json_format.ts";
import { MAX_HUMAN_CHARACTERS } from "../narration/narrate.ts";
import { parseNarrationText } from "../narration/text_format.ts";
import type { Child, ChildExit } from "./child.ts";

/** One line of a child's output, as what it is. */
export type CapturedLine =
  | { kind: "narration"; record: NarrationRecord }
  | { kind: "log"; stream: "stdout" | "stderr"; line: string; truncated: boolean };

/** How a child's output is read. */
export interface CaptureOptions {
  /**
   * Whether the child is one of ours (or an engine that is trusted like one), so that lines which
   * look like narration are narration. A foreign program cannot speak in our name.
   */
  narration: boolean;
  /** Gets each line, in the order read from its pipe. Must not throw. */
  onLine(captured: CapturedLine): void;
  /** How long a grandchild may hold the pipes open after the child's exit. Default 2,000. */
  lingerMs?: number;
}

/**
 * Reads both outputs of a child to their end. Resolves with the child's exit after both pipes are
 * drained, or `lingerMs` after the exit if a grandchild holds them open. Never makes the child wait
 * for anything but `onLine`.
 */
export async function captureOutput(child: Child, options: CaptureOptions): Promise<ChildExit> {
  const readers = [
    { stream: "stdout" as const, reader: child.stdout?.getReader() },
    { stream: "stderr" as const, reader: child.stderr?.getReader() },
  ];
  const drained = Promise.all(
    readers.map(({ stream, reader }) => reader && drain(reader, stream, options)),
  );
  const exit = await child.exited;
  const inTime = await within(drained, options.lingerMs ?? 2000);
  if (inTime === undefined) {
    // The pipe may already be closed or broken, which ends the read as well.
    await Promise.allSettled(readers.map(({ reader }) => reader?.cancel()));
    await drained;
  }
  return exit;
}

async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  stream: "stdout" | "stderr",
  options: CaptureOptions,
): Promise<void> {
  const splitter = new LineSplitter();
  const deliver = (line: Line) => options.onLine(classify(line, stream, options.narration));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (const line of splitter.push(value)) deliver(line);
    }
  } catch (error) {
    // A pipe that breaks ends the output; the exit tells why.
    deliver({ text: `rbee: reading ${stream} failed: ${String(error)}`, truncated: false });
  }
  const rest = splitter.flush();
  if (rest !== undefined) deliver(rest);
}

// deno-lint-ignore no-control-regex -- control characters are what is removed; a tab is harmless
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Tells what a captured line is, and removes what a terminal would obey. */
export function classify(
  line: Line,
  stream: "stdout" | "stderr",
  narration: boolean,
): CapturedLine {
  if (narration && !line.truncated) {
    const record = parseNarrationJson(line.text) ?? textRecord(line.text);
    if (record !== undefined) {
      return { kind: "narration", record: { ...record, human: humanOf(record.human) } };
    }
  }
  // A bare carriage return overwrites the line on a terminal: what stands there last is the line.
  let end = line.text.length;
  while (line.text[end - 1] === "\r") end--;
  const shown = line.text.slice(line.text.lastIndexOf("\r", end - 1) + 1, end);
  const clean = stripVTControlCharacters(shown).replace(CONTROL, "");
  return { kind: "log", stream, line: clean, truncated: line.truncated };
}

function textRecord(text: string): NarrationRecord | undefined {
  const parsed = parseNarrationText(stripVTControlCharacters(text));
  if (parsed === undefined) return undefined;
  return { rbee: "narration", at: timestamp(), level: "info", ...parsed };
}

function humanOf(human: string): string {
  return singleLine(cutText(human, MAX_HUMAN_CHARACTERS));
}
