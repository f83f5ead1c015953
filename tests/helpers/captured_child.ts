import { fileURLToPath } from "node:url";
import { SignalBell } from "../../src/base/signal_bell.ts";
import {
  type Child,
  type ChildExit,
  type ChildOptions,
  spawnChild,
} from "../../src/process/child.ts";
import {
  type Captured,
  type CaptureOptions,
  captureOutput,
} from "../../src/process/output_capture.ts";

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

/** How the output of a {@linkcode CapturedChild} is read; narration is false unless told otherwise. */
export type CapturedChildOptions = Partial<Omit<CaptureOptions, "onCaptured">>;

/** A real child whose output is captured, and which does not outlive its test. */
export class CapturedChild implements AsyncDisposable {
  readonly child: Child;
  /** What was captured so far, in order. */
  readonly items: Captured[] = [];
  /** When each was given, in milliseconds of `performance.now()`. */
  readonly times: number[] = [];
  /** Settles as `captureOutput` does. */
  readonly ended: Promise<ChildExit>;
  readonly #arrival = new SignalBell();

  constructor(
    command: Pick<ChildOptions, "program" | "args" | "env" | "cwd">,
    options: CapturedChildOptions = {},
  ) {
    this.child = spawnChild({ ...command, mode: "captured" });
    this.ended = captureOutput(this.child, {
      narration: false,
      ...options,
      onCaptured: (captured) => {
        this.items.push(captured);
        this.times.push(performance.now());
        this.#arrival.ring();
      },
    });
  }

  /** The lines of one stream that were no narration. */
  logged(stream: "stdout" | "stderr" = "stdout"): string[] {
    return this.items.flatMap((item) =>
      item.kind === "log" && item.stream === stream ? item.lines : []
    );
  }

  /** The same lines with their colours. */
  painted(stream: "stdout" | "stderr" = "stdout"): string[] {
    return this.items.flatMap((item) =>
      item.kind === "log" && item.stream === stream ? item.painted ?? item.lines : []
    );
  }

  /** Gives the first log line that begins with `start`; rejects when the child ends without. */
  async printed(start: string): Promise<string> {
    const found = () =>
      [...this.logged(), ...this.logged("stderr")].find((line) => line.startsWith(start));
    await this.until(() => found() !== undefined);
    return found()!;
  }

  /** Resolves when `condition` holds of what was captured; rejects when the child ends before. */
  async until(condition: () => boolean): Promise<void> {
    const ended = new AbortController();
    this.ended.then(() => ended.abort());
    while (!condition()) {
      if (await this.#arrival.wait({ signal: ended.signal })) continue;
      if (condition()) return;
      throw new Error(`The child has ended, and not ${condition}: ${this.logged().slice(-3)}`);
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
  options: CapturedChildOptions = {},
): Promise<CapturedChild & { exit: ChildExit }> {
  const captured = new CapturedChild(command, options);
  const exit = await captured.ended;
  return Object.assign(captured, { exit });
}
