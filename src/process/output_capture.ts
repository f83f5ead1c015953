import { setImmediate } from "node:timers";
import { within } from "../base/delay.ts";
import type { NarrationRecord } from "../contracts/narration_record.ts";
import type { Child, ChildExit } from "./child.ts";
import { StreamCapture } from "./stream_capture.ts";

/**
 * What a child has printed: a piece of narration, or lines of one output that stand together, in their
 * order and without anything that a terminal would obey, tabs excepted.
 *
 * `truncated` is true for a single line of more than 64 KiB, which was cut there. `painted` is there
 * when colours are asked for and any line has some: the same lines with them (`\x1b[…m`), everything
 * else removed. The lists are the receiver's. A line may share its memory with all that was read with
 * it, up to 64 KiB.
 */
export type Captured =
  | { kind: "narration"; record: NarrationRecord }
  | {
    kind: "log";
    stream: "stdout" | "stderr";
    lines: string[];
    truncated: boolean;
    painted?: string[];
  };

/** How a child's output is read. */
export interface CaptureOptions {
  /**
   * Whether the child is one of ours (or an engine that is trusted like one), so that lines which
   * look like narration are narration. A foreign program cannot speak in our name.
   */
  narration: boolean;
  /** Whether lines are also given with their colours. Default false. */
  color?: boolean;
  /**
   * Gets what was read as soon as it was read, in the order of its pipe. Of a line that is written over
   * with `\r` again and again it gets the newest state, at most ten times a second. Must not throw.
   */
  onCaptured(captured: Captured): void;
  /** How long a grandchild may hold the pipes open after the child's exit. Default 2,000. */
  lingerMs?: number;
}

/** How long the event loop may be held up by output that is there to be read. */
const TURN_MS = 5;

/**
 * Reads both outputs of a child to their end. Resolves with the child's exit after both pipes are
 * drained, or `lingerMs` after the exit if a grandchild holds them open. Never makes the child wait
 * for anything but `onCaptured`.
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
  { narration, color = false, onCaptured }: CaptureOptions,
): Promise<void> {
  const capture = new StreamCapture({
    narration,
    color,
    onNarration: (record) => onCaptured({ kind: "narration", record }),
    onLines: (lines, truncated, painted) =>
      onCaptured({ kind: "log", stream, lines, truncated, ...(painted && { painted }) }),
  });
  let failure: unknown;
  try {
    let turnMs = performance.now();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      capture.push(value);
      const nowMs = performance.now();
      if (nowMs - turnMs < TURN_MS) continue;
      // A read that is ready at once takes no turn of the event loop, and with a child that prints
      // without a pause each one is: timers and connections would wait for dozens of them.
      await new Promise<void>((resolve) => setImmediate(resolve));
      turnMs = performance.now();
    }
  } catch (error) {
    // A pipe that breaks ends the output; the exit tells why.
    failure = error;
  }
  capture.end();
  if (failure === undefined) return;
  const lines = [`rbee: reading ${stream} failed: ${String(failure)}`];
  onCaptured({ kind: "log", stream, lines, truncated: false });
}
