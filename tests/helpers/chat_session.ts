import { untilAborted } from "../../src/base/delay.ts";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { SignalBell } from "../../src/base/signal_bell.ts";
import type { ChatMessage } from "../../src/contracts/chat_message.ts";
import { inferSchema } from "../../src/contracts/operation.ts";
import { emitToken } from "../../src/jobs/emit.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import { type RoleServer, startRoleServer } from "../../src/jobs/role_server.ts";
import { narrate } from "../../src/narration/narrate.ts";
import { RbeeHome } from "./rbee_home.ts";
import { TerminalSession } from "./terminal_session.ts";

/**
 * A real `rbee run` on a terminal, and a queen that answers it: `wait` begins an answer and waits to be
 * cancelled, `fail` fails, anything else is said back.
 */
export class ChatSession implements AsyncDisposable {
  /** The messages of each request, in order. */
  readonly requests: (readonly ChatMessage[])[] = [];
  /** How many requests were cancelled. */
  cancelled = 0;
  readonly #change = new SignalBell();
  readonly #server: RoleServer;
  readonly #home: RbeeHome;
  readonly terminal: TerminalSession;
  /** The command line of the chat. */
  readonly command: readonly string[];

  private constructor(home: RbeeHome, args: readonly string[]) {
    this.#home = home;
    this.#server = startRoleServer({
      role: "queen",
      host: "127.0.0.1",
      port: 0,
      handlers: {
        infer: operation(
          inferSchema,
          { kind: "total", ms: 60_000 },
          ({ messages = [] }, job) => this.#answer(messages, job.signal),
        ),
      },
    });
    this.#server.health.status = "ok";
    this.command = home.command(["run", "bee-tiny", "--queen", this.#server.url, ...args]);
    this.terminal = new TerminalSession(this.command, home.env);
  }

  /** Starts one and waits for its prompt. */
  static async start(...args: string[]): Promise<ChatSession> {
    const session = new ChatSession(await RbeeHome.create(), args);
    await session.prompt();
    return session;
  }

  /** The environment of the chat. */
  get env(): Record<string, string> {
    return this.#home.env;
  }

  /** The processes of the chat itself, without the terminal's. */
  keepers(): { pid: number; command: string }[] {
    const [program] = this.command;
    return this.#home.processes().filter(({ command }) => command.startsWith(program!));
  }

  /** Resolves when a prompt is shown, with all that was shown before it. */
  prompt(): Promise<string> {
    return this.terminal.shows(/^> $/m);
  }

  /** Asks something, and resolves with what is shown up to the next prompt. */
  async ask(text: string): Promise<string> {
    await this.terminal.type(`${text}\r`);
    return await this.prompt();
  }

  /** Resolves when so many requests were cancelled. */
  async untilCancelled(count: number): Promise<void> {
    while (this.cancelled < count) await this.#change.wait();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminal[Symbol.asyncDispose]();
    await this.#server.drain({ graceMs: 0 });
    await this.#server.close();
    await this.#home[Symbol.asyncDispose]();
  }

  async #answer(messages: readonly ChatMessage[], signal: AbortSignal) {
    this.requests.push(messages);
    const said = messages.at(-1)?.content ?? "";
    narrate("think", "Thinking of an answer");
    if (said === "fail") throw new RbeeError("engine_failed", "The worker has died");
    if (said === "wait") {
      emitToken("So far", 0);
      await untilAborted(signal);
      this.cancelled++;
      this.#change.ring();
      signal.throwIfAborted();
    }
    for (const [i, text] of ["You said ", said].entries()) emitToken(text, i);
    return { result: {} };
  }
}
