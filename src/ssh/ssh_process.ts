import { untilAborted, within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { type Child, type ChildExit, spawnChild } from "../process/child.ts";
import { captureOutput } from "../process/output_capture.ts";
import { sshEnvironment, type SshHost } from "./ssh_arguments.ts";
import { noSshError } from "./ssh_errors.ts";

/** A running `ssh`, or what runs one. */
export interface SshProcess {
  readonly child: Child;
  /** Settles when it has ended and its output is read. */
  readonly ended: Promise<ChildExit>;
  /** Ends it and what it started, and resolves when it is gone. After its end this does nothing. */
  stop(): Promise<void>;
}

const LINGER_MS = 500;
const TERM_MS = 1000;

/**
 * Starts a program of OpenSSH, found on the PATH of the host's environment.
 *
 * @param command The program and its arguments, and who gets the lines of both outputs.
 * @throws {RbeeError} `no_ssh` If there is no such program.
 */
export function startSsh(
  host: SshHost,
  command: {
    program: string;
    args: readonly string[];
    onLine(stream: "stdout" | "stderr", line: string): void;
    /** Stops it. */
    signal?: AbortSignal | undefined;
  },
): SshProcess {
  const child = spawn(host, command.program, command.args);
  const ended = captureOutput(child, {
    narration: false,
    lingerMs: LINGER_MS,
    onCaptured: (captured) => {
      if (captured.kind !== "log") return;
      for (const line of captured.lines) command.onLine(captured.stream, line);
    },
  });
  const stop = async () => {
    child.signalGroup("SIGTERM");
    if (await within(ended, TERM_MS) !== undefined) return;
    child.signalGroup("SIGKILL");
    await ended;
  };
  if (command.signal !== undefined) {
    const over = new AbortController();
    ended.then(() => over.abort());
    const { signal } = command;
    untilAborted(AbortSignal.any([signal, over.signal])).then(() =>
      signal.aborted ? stop() : undefined
    );
  }
  return { child, ended, stop };
}

function spawn(host: SshHost, program: string, args: readonly string[]): Child {
  try {
    const env = sshEnvironment(host);
    return spawnChild({
      program,
      args,
      env,
      mode: "captured",
      onTerminal: host.interactive === true,
    });
  } catch (error) {
    if (error instanceof RbeeError && error.cause instanceof Deno.errors.NotFound) {
      throw noSshError(program, error);
    }
    throw error;
  }
}
