import { fileURLToPath } from "node:url";
import { SignalBell } from "../../src/base/signal_bell.ts";
import {
  type Child,
  type ChildExit,
  type ChildOptions,
  spawnChild,
} from "../../src/process/child.ts";
import { type CapturedLine, captureOutput } from "../../src/process/output_capture.ts";

/** How to run a program of tests/fixtures. */
export function fixture(name: string, ...args: string[]): { program: string; args: string[] } {
  const root = new URL("../../", import.meta.url);
  return {
    program: Deno.execPath(),
    args: [
      "run",
      "--allow-all",
      "--no-prompt",
      "--quiet",
      "--no-check",
      "--no-lock",
      "--config",
      fileURLToPath(new URL("deno.json", root)),
      fileURLToPath(new URL(`tests/fixtures/${name}`, root)),
      ...args,
    ],
  };
}

/** How to run a line of POSIX shell. */
export function shell(script: string): { program: string; args: string[] } {
  return { program: "sh", args: ["-c", script] };
}

/** A real child whose output is captured, and which does not outlive its test. */
export class CapturedChild implements AsyncDisposable {
  readonly child: Child;
  readonly lines: CapturedLine[] = [];
  /** Settles as `captureOutput` does. */
  readonly ended: Promise<ChildExit>;
  readonly #arrival = new SignalBell();

  constructor(
    command: Pick<ChildOptions, "program" | "args" | "env" | "cwd">,
    options: { narration?: boolean; lingerMs?: number } = {},
  ) {
    this.child = spawnChild({ ...command, mode: "captured" });
    this.ended = captureOutput(this.child, {
      narration: options.narration ?? false,
      ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
      onLine: (line) => {
        this.lines.push(line);
        this.#arrival.ring();
      },
    });
  }

  /** The lines of one stream that were no narration. */
  logged(stream: "stdout" | "stderr" = "stdout"): string[] {
    return this.lines.flatMap((line) =>
      line.kind === "log" && line.stream === stream ? [line.line] : []
    );
  }

  /** Gives the first log line that begins with `start`; rejects when the child ends without. */
  async printed(start: string): Promise<string> {
    const ended = new AbortController();
    this.ended.then(() => ended.abort());
    for (;;) {
      const line = [...this.logged(), ...this.logged("stderr")].find((each) =>
        each.startsWith(start)
      );
      if (line !== undefined) return line;
      if (!await this.#arrival.wait({ signal: ended.signal })) {
        throw new Error(`The child ended without printing "${start}"`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.signalGroup("SIGKILL");
    await this.ended;
  }
}

/** Runs a child to its end and gives what was captured. */
export async function runCaptured(
  command: Pick<ChildOptions, "program" | "args" | "env" | "cwd">,
  options: { narration?: boolean; lingerMs?: number } = {},
): Promise<CapturedChild & { exit: ChildExit }> {
  const captured = new CapturedChild(command, options);
  const exit = await captured.ended;
  return Object.assign(captured, { exit });
}
