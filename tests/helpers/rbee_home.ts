import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type PidFile, pidFileSchema } from "../../src/contracts/pid_file.ts";
import { LineSplitter } from "../../src/base/line_splitter.ts";
import { DENO_RUN } from "../../src/process/self_command.ts";

/** How a command ended and what it said. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command of rbee that still runs. */
export interface RunningCommand {
  readonly pid: number;
  readonly result: Promise<CommandResult>;
  /** Resolves when a line of either output matches; rejects when the command ends without one. */
  line(pattern: RegExp): Promise<string>;
  signal(name: Deno.Signal): void;
  /** Sends a signal again and again, every 50 ms, until the command has ended. */
  signalUntilEnd(name: Deno.Signal): void;
}

const MARK = "TEST_HOME_MARK";
const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/**
 * A home of its own for the real program, on ports that the system chooses. Every process that is
 * started in it, by whomever, carries a mark in its environment, so that what is left can be found.
 */
export class RbeeHome implements AsyncDisposable {
  readonly path: string;
  readonly env: Record<string, string>;
  readonly #mark = crypto.randomUUID();

  private constructor(path: string) {
    this.path = path;
    this.env = {
      RBEE_HOME: path,
      RBEE_QUEEN_PORT: "0",
      RBEE_HIVE_PORT: "0",
      NO_COLOR: "1",
      [MARK]: this.#mark,
    };
  }

  static async create(): Promise<RbeeHome> {
    return new RbeeHome(await Deno.makeTempDir({ prefix: "rbee-test-" }));
  }

  /** Writes rbee.yaml, which what is started from now on reads. */
  async configure(settings: Record<string, unknown>): Promise<void> {
    await Deno.mkdir(`${this.path}/config`, { recursive: true });
    // JSON is YAML.
    await Deno.writeTextFile(`${this.path}/config/rbee.yaml`, JSON.stringify(settings));
  }

  /** The program and arguments of a command line. */
  command(args: string[]): string[] {
    const bin = Deno.env.get("RBEE_BIN");
    if (bin !== undefined) return [bin, ...args];
    return [Deno.execPath(), ...DENO_RUN, "--config", CONFIG, MAIN, ...args];
  }

  /** Runs a command to its end. */
  rbee(args: string[], options: { stdin?: string; env?: Record<string, string> } = {}) {
    return this.start(args, options).result;
  }

  /** Starts a command and lets it run. `stdin: "open"` is a pipe that nothing is written to. */
  start(
    args: string[],
    options: { stdin?: string; env?: Record<string, string> } = {},
  ): RunningCommand {
    const [program, ...programArgs] = this.command(args);
    const child = new Deno.Command(program!, {
      args: programArgs,
      env: { ...this.env, ...options.env },
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const input = options.stdin === undefined
      ? Promise.resolve()
      : options.stdin === "open"
      ? child.status.then(() => child.stdin.close()).catch(() => {})
      : new Blob([options.stdin]).stream().pipeTo(child.stdin);
    const watch = new LineWatch();
    const outputs = Promise.all([watch.read(child.stdout), watch.read(child.stderr)]);
    const result = Promise.all([child.status, outputs, input]).then(
      ([status, [stdout, stderr]]) => {
        watch.end();
        return { code: status.code, stdout, stderr };
      },
    );
    return {
      pid: child.pid,
      result,
      line: (pattern) => watch.wait(pattern),
      signal: (name) => child.kill(name),
      signalUntilEnd(name) {
        const again = setInterval(() => {
          try {
            child.kill(name);
          } catch (error) {
            // It has ended, which its status is about to tell.
            if (!(error instanceof TypeError)) throw error;
          }
        }, 50);
        child.status.finally(() => clearInterval(again));
      },
    };
  }

  /** The pid file of a daemon. */
  async daemon(role: "queen" | "hive"): Promise<PidFile> {
    const text = await Deno.readTextFile(`${this.path}/state/${role}.pid`);
    return pidFileSchema.parse(JSON.parse(text));
  }

  /** The processes of this home, whoever started them. */
  processes(): { pid: number; command: string }[] {
    const found: { pid: number; command: string }[] = [];
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const environment = Deno.readTextFileSync(`/proc/${name}/environ`);
        if (!environment.includes(`${MARK}=${this.#mark}`)) continue;
        const command = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ");
        // A zombie has no command line; its parent is about to reap it.
        if (command !== "") found.push({ pid: Number(name), command });
      } catch (error) {
        // It has ended meanwhile, or it is another user's, and so not of this home.
        const notOurs = error instanceof Deno.errors.NotFound ||
          error instanceof Deno.errors.PermissionDenied || /os error 3\b/.test(String(error));
        if (!notOurs) throw error;
      }
    }
    return found;
  }

  /** Stops what runs and asserts that nothing of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.processes().length > 0) await this.rbee(["down"]);
    const left = this.processes();
    for (const { pid } of left) Deno.kill(pid, "SIGKILL");
    await Deno.remove(this.path, { recursive: true });
    assert.deepEqual(left, [], "processes are left after rbee down");
  }
}

/** Reads outputs and tells those who wait for a line. */
class LineWatch {
  #lines: string[] = [];
  #ended = false;
  #waiters: { pattern: RegExp; resolve: (line: string) => void; reject: (e: Error) => void }[] = [];

  async read(output: ReadableStream<Uint8Array>): Promise<string> {
    const splitter = new LineSplitter();
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of output) {
      text += decoder.decode(chunk, { stream: true });
      for (const line of splitter.push(chunk)) this.#take(line.text);
    }
    const rest = splitter.flush();
    if (rest !== undefined) this.#take(rest.text);
    return text;
  }

  wait(pattern: RegExp): Promise<string> {
    const known = this.#lines.find((line) => pattern.test(line));
    if (known !== undefined) return Promise.resolve(known);
    if (this.#ended) return Promise.reject(this.#missing(pattern));
    return new Promise((resolve, reject) => this.#waiters.push({ pattern, resolve, reject }));
  }

  end(): void {
    this.#ended = true;
    for (const { pattern, reject } of this.#waiters) reject(this.#missing(pattern));
  }

  #missing(pattern: RegExp): Error {
    return new Error(`No line matched ${pattern}:\n${this.#lines.join("\n")}`);
  }

  #take(line: string): void {
    this.#lines.push(line);
    const matching = this.#waiters.filter(({ pattern }) => pattern.test(line));
    this.#waiters = this.#waiters.filter((waiter) => !matching.includes(waiter));
    for (const { resolve } of matching) resolve(line);
  }
}
