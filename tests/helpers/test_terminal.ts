import type { Terminal } from "../../src/keeper/terminal.ts";
import { OutputQueue } from "../../src/narration/output_queue.ts";
import { MemoryWriter } from "./output_writers.ts";

/** A terminal whose outputs a test can read. */
export interface TestTerminal extends Terminal {
  readonly stdout: MemoryWriter;
  readonly stderr: MemoryWriter;
  /** What stands on standard output and on standard error when all is written. */
  shown(): Promise<{ out: string; err: string }>;
}

/**
 * Two files, unless told otherwise. `oneScreen`: one terminal, as a person has it, of 80 columns; it
 * cannot move its cursor where `isDumb` is set.
 */
export function testTerminal(
  options: {
    oneScreen?: boolean;
    stdoutIsTerminal?: boolean;
    color?: boolean;
    isDumb?: boolean;
    columns?: () => number;
  } = {},
): TestTerminal {
  const queue = new OutputQueue();
  const stdout = new MemoryWriter();
  const oneScreen = options.oneScreen ?? false;
  const stderr = oneScreen ? stdout : new MemoryWriter();
  return {
    queue,
    stdout,
    stderr,
    oneScreen,
    stdoutIsTerminal: options.stdoutIsTerminal ?? oneScreen,
    stderrIsTerminal: oneScreen,
    stdinIsTerminal: oneScreen,
    color: options.color ?? false,
    canRewrite: oneScreen && !options.isDumb,
    columns: options.columns ?? (() => 80),
    async shown() {
      await queue.flush();
      return { out: stdout.text, err: stderr.text };
    },
  };
}
