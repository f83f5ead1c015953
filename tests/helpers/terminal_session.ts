import { stripVTControlCharacters } from "node:util";
import { SignalBell } from "../../src/base/signal_bell.ts";
import { shellQuote } from "../../src/ssh/shell_quote.ts";

/** A program on a pseudo terminal of its own, and the keys that a person presses there. */
export class TerminalSession implements AsyncDisposable {
  /** The exit status of the program. */
  readonly ended: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #change = new SignalBell();
  readonly #read: Promise<void>;
  #raw = "";
  #hasEnded = false;
  /** How much of what is shown was waited for already. */
  #seen = 0;

  constructor(command: readonly string[], env: Record<string, string>) {
    const line = command.map(shellQuote).join(" ");
    this.#child = new Deno.Command("script", {
      args: ["--quiet", "--return", "--command", line, "/dev/null"],
      env: { ...env, TERM: "xterm" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#read = this.#readAll();
    this.ended = this.#child.status.then(({ code }) => code);
  }

  /** What has been shown, its lines ended by `\n`, without its colours and moves of the cursor. */
  get shown(): string {
    return stripVTControlCharacters(this.#raw).replaceAll(/\r+\n/g, "\n");
  }

  /** What the program has written, as it stands. */
  get raw(): string {
    return this.#raw;
  }

  /** Presses keys: `\r` is Enter, `\x03` Ctrl-C. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Takes the terminal away, as when its window is closed. */
  hangUp(): void {
    this.#child.kill("SIGKILL");
  }

  /**
   * Resolves when what came since the last call matches, with all of it up to the match's end; rejects
   * when the program ends before.
   */
  async shows(pattern: RegExp): Promise<string> {
    for (;;) {
      const fresh = this.shown.slice(this.#seen);
      const match = pattern.exec(fresh);
      if (match !== null) {
        const end = match.index + match[0].length;
        this.#seen += end;
        return fresh.slice(0, end);
      }
      if (this.#hasEnded) throw new Error(`The terminal has not shown ${pattern}:\n${this.shown}`);
      await this.#change.wait();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended, which its status tells a moment later.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.ended;
    await this.#read;
    // Its reader may have gone before.
    await this.#keys.close().catch((error: unknown) => error);
  }

  async #readAll(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      this.#raw += decoder.decode(chunk, { stream: true });
      this.#change.ring();
    }
    this.#hasEnded = true;
    this.#change.ring();
  }
}
