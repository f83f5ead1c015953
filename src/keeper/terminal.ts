import { wantsColor } from "../narration/color.ts";
import type { OutputQueue, OutputWriter } from "../narration/output_queue.ts";

const USUAL_COLUMNS = 80;

/** The two outputs of a person's command: results on one, everything else on the other. */
export interface Terminal {
  readonly queue: OutputQueue;
  readonly stdout: OutputWriter;
  readonly stderr: OutputWriter;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly stdinIsTerminal: boolean;
  /** Both outputs end in the same place, so that a line of one must not break into one of the other. */
  readonly oneScreen: boolean;
  /** Whether standard error gets colour. */
  readonly color: boolean;
  /** Whether a row of standard error can be written over: on a terminal that moves its cursor. */
  readonly canRewrite: boolean;
  /** How wide the terminal is now, in columns; 80 where it does not tell. */
  columns(): number;
  /** How narration is written: for people (the default), or for the rbee that reads it. */
  readonly narration?: "text" | "json";
}

/** This process's own terminal. */
export function ownTerminal(queue: OutputQueue): Terminal {
  const stderrIsTerminal = Deno.stderr.isTerminal();
  return {
    queue,
    stdout: Deno.stdout,
    stderr: Deno.stderr,
    stdoutIsTerminal: Deno.stdout.isTerminal(),
    stderrIsTerminal,
    stdinIsTerminal: Deno.stdin.isTerminal(),
    oneScreen: isSameFile("/proc/self/fd/1", "/proc/self/fd/2") ??
      (stderrIsTerminal && Deno.stdout.isTerminal()),
    color: wantsColor(stderrIsTerminal),
    canRewrite: stderrIsTerminal && Deno.env.get("TERM") !== "dumb",
    columns: ownColumns,
    narration: Deno.env.get("RBEE_NARRATION") === "json" ? "json" : "text",
  };
}

function ownColumns(): number {
  try {
    // A terminal without a size, as over a serial line, says 0.
    return Deno.consoleSize().columns || USUAL_COLUMNS;
  } catch {
    return USUAL_COLUMNS;
  }
}

function isSameFile(a: string, b: string): boolean | undefined {
  try {
    const [first, second] = [Deno.statSync(a), Deno.statSync(b)];
    return first.dev === second.dev && first.ino === second.ino;
  } catch {
    return undefined;
  }
}
