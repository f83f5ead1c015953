import { RbeeError } from "../base/rbee_error.ts";
import { isAlive, processStartTime } from "./process_identity.ts";
import { whyNotRunnable } from "./program_file.ts";

/** What to start, and how. */
export interface ChildOptions {
  /** The program: a path, or a name that is looked up in PATH. */
  program: string;
  args: readonly string[];
  /** The whole environment, when given; otherwise this process's own. */
  env?: Record<string, string>;
  cwd?: string;
  /**
   * `captured`: both outputs are pipes that the caller must read, and standard input is a pipe that
   * closes with this process, so that a child that watches it ends with its parent.
   * `daemon`: no pipes at all; the child redirects its own output and outlives this process.
   */
  mode: "captured" | "daemon";
  /**
   * Whether the child stays in this process's session and group, so that it can ask the person on the
   * terminal. Signals then go to the child alone. Default false.
   */
  onTerminal?: boolean;
}

/** How a child ended. */
export interface ChildExit {
  /** The exit code; for a signal, 128 and its number. */
  code: number;
  signal: string | null;
}

/**
 * A running child, in a process group (and session) of its own unless it is on the terminal. Signals
 * go to the whole group, and only while the child is known to be ours: once it has been reaped its pid
 * may be another's.
 */
export interface Child {
  readonly pid: number;
  /** When the kernel started it, as {@linkcode processStartTime} tells; null where it cannot be known. */
  readonly startTime: string | null;
  /** Null for a daemon. */
  readonly stdout: ReadableStream<Uint8Array> | null;
  readonly stderr: ReadableStream<Uint8Array> | null;
  /** Settles when the child has ended; never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Sends a signal to the child's group. Returns false when there is no such group any more. */
  signalGroup(signal: "SIGTERM" | "SIGKILL"): boolean;
  /**
   * Writes to standard input; resolves when it has been taken. What a child that has ended, or has
   * closed its end, does not read is lost without an error. Not for daemons.
   */
  writeInput(data: Uint8Array): Promise<void>;
  /** Closes the pipe to standard input, which a child that watches it takes as its end. */
  closeInput(): Promise<void>;
  /** Lets this process end before the child. For daemons. */
  release(): void;
}

/**
 * Starts a child. The only place of this program that does.
 *
 * @throws {RbeeError} `cannot_spawn` If the program is missing, not executable, or of another processor.
 */
export function spawnChild(options: ChildOptions): Child {
  const captured = options.mode === "captured";
  const pipe = captured ? "piped" : "null";
  const { program, cwd, env } = options;
  const why = whyNotRunnable(program, { cwd, path: env?.["PATH"] });
  if (why !== undefined) throw new RbeeError("cannot_spawn", `Cannot start "${program}": ${why}`);
  let process: Deno.ChildProcess;
  try {
    process = new Deno.Command(options.program, {
      args: [...options.args],
      ...(options.env === undefined ? {} : { env: options.env, clearEnv: true }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: pipe,
      stdout: pipe,
      stderr: pipe,
      detached: options.onTerminal !== true,
    }).spawn();
  } catch (error) {
    throw cannotSpawn(options.program, error);
  }
  let inputClosed = !captured;
  const closeInput = async () => {
    if (inputClosed) return;
    inputClosed = true;
    // Fails when the child has closed its end first, which is what was wanted.
    await process.stdin.close().catch((error: unknown) => error);
  };
  let reaped = false;
  const exited = process.status.then(async ({ code, signal }) => {
    reaped = true;
    await closeInput();
    return { code, signal };
  });
  return {
    pid: process.pid,
    startTime: processStartTime(process.pid),
    stdout: captured ? process.stdout : null,
    stderr: captured ? process.stderr : null,
    exited,
    signalGroup(signal) {
      if (options.onTerminal) return !reaped && sendSignal(process.pid, signal);
      // While a group has members its id is no new process's pid; one that is there is another's.
      // A queen that is ready cannot see /proc; a signal tells her, too, that there is one.
      const isThere = () => processStartTime(process.pid) !== null || isAlive(process.pid);
      if (reaped && isThere()) return false;
      return signalGroup(process.pid, signal);
    },
    async writeInput(data) {
      if (inputClosed) return;
      const writer = process.stdin.getWriter();
      // Fails when the child has closed its end first, and its exit tells more than that.
      await writer.write(data).catch((error: unknown) => error);
      writer.releaseLock();
    },
    closeInput,
    release: () => process.unref(),
  };
}

/**
 * Sends a signal to a process group. Returns false when there is no such group.
 *
 * @throws {RbeeError} `not_permitted` If the group is another user's.
 */
export function signalGroup(pgid: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  // Group 0 would be our own and group 1 everything.
  return pgid > 1 && sendSignal(-pgid, signal);
}

function sendSignal(target: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  try {
    Deno.kill(target, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new RbeeError(
        "not_permitted",
        `Cannot signal process ${Math.abs(target)}: it is another user's`,
      );
    }
    if (error instanceof TypeError || error instanceof Error && /ESRCH/.test(error.message)) {
      return false;
    }
    throw error;
  }
}

function cannotSpawn(program: string, error: unknown): RbeeError {
  const why = error instanceof Deno.errors.NotFound && /\bcwd\b/.test(error.message)
    ? "there is no such folder to start it in"
    : error instanceof Deno.errors.NotFound
    ? "there is no such program; check the path, or install it"
    : error instanceof Deno.errors.NotADirectory
    ? "a part of its path is no folder; check the path"
    : error instanceof Deno.errors.PermissionDenied
    ? "it is not executable; check that it is a program, or try chmod +x"
    : error instanceof Error
    ? error.message
    : String(error);
  return new RbeeError("cannot_spawn", `Cannot start "${program}": ${why}`, { cause: error });
}
