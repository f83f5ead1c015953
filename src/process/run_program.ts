import { unlessAborted, within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import type { NarrationRecord } from "../contracts/narration_record.ts";
import { type ChildExit, type ChildOptions, spawnChild } from "./child.ts";
import { captureOutput } from "./output_capture.ts";

/** How a program is run to its end. */
export interface RunOptions {
  /** Past this, in milliseconds, it is ended. */
  limitMs: number;
  /** Ends it early. */
  signal?: AbortSignal | undefined;
  /** As {@linkcode captureOutput} takes it. Default false. */
  narration?: boolean;
}

/** How a program ended and what it printed, at most 1,000 lines of each. */
export interface ProgramRun {
  exit: ChildExit;
  /** Standard output. */
  out: string[];
  /** Standard error. */
  err: string[];
  /** What it narrated. */
  narrated: NarrationRecord[];
}

const MAX_LINES = 1000;
const LINGER_MS = 500;
// For the system to end what was killed. What hangs in the kernel does not end, and is left behind.
const KILLED_MS = 10_000;

/**
 * Runs a program that is expected to print a little and end, and gives what it printed, whatever its
 * exit code. Its standard input is closed.
 *
 * @throws {RbeeError} `cannot_spawn` If it is missing, or is no program.
 * @throws {RbeeError} `timeout` If it does not end within `limitMs`; it is killed.
 * @throws {unknown} If `signal` aborts: its reason; the program is killed.
 */
export async function runProgram(
  command: Pick<ChildOptions, "program" | "args" | "env">,
  options: RunOptions,
): Promise<ProgramRun> {
  options.signal?.throwIfAborted();
  const child = spawnChild({ ...command, mode: "captured" });
  const run: Omit<ProgramRun, "exit"> = { out: [], err: [], narrated: [] };
  const add = <T>(kept: T[], items: readonly T[]) =>
    void kept.push(...items.slice(0, MAX_LINES - kept.length));
  const ended = captureOutput(child, {
    narration: options.narration ?? false,
    lingerMs: LINGER_MS,
    onCaptured: (captured) =>
      captured.kind === "narration"
        ? add(run.narrated, [captured.record])
        : add(captured.stream === "stdout" ? run.out : run.err, captured.lines),
  });
  let over = false;
  try {
    await child.closeInput();
    const { signal, limitMs } = options;
    const exit = await within(
      signal === undefined ? ended : unlessAborted(ended, signal),
      limitMs,
    );
    if (exit === undefined) {
      throw new RbeeError(
        "timeout",
        `"${command.program}" did not end within ${limitMs / 1000} s; try it by hand`,
      );
    }
    over = true;
    return { exit, ...run };
  } finally {
    if (!over) {
      child.signalGroup("SIGKILL");
      if (await within(ended, KILLED_MS) === undefined) child.release();
    }
  }
}
