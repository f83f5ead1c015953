import assert from "node:assert/strict";
import { LineSplitter } from "../../src/base/line_splitter.ts";

/**
 * A process of Deno whose inspector is open, so that a test can have it run code: what the program itself
 * offers nobody.
 */
export class InspectedProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #socket: WebSocket;
  readonly #rest: Promise<unknown>;
  readonly #answers = new Map<number, (value: unknown) => void>();
  #count = 0;

  private constructor(child: Deno.ChildProcess, socket: WebSocket, rest: Promise<unknown>) {
    this.#child = child;
    this.#socket = socket;
    this.#rest = rest;
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data);
      this.#answers.get(id)?.(result);
      this.#answers.delete(id);
    };
  }

  /**
   * Starts `command`, `deno run …`, and resolves when a line of its standard output matches `ready`.
   */
  static async start(
    command: readonly string[],
    options: { env: Record<string, string>; ready: RegExp },
  ): Promise<InspectedProcess> {
    const [program, run, ...args] = command;
    assert.equal(run, "run");
    const child = new Deno.Command(program!, {
      // Where its inspector is, a quiet Deno does not say.
      args: [run, "--inspect=127.0.0.1:0", ...args.filter((arg) => arg !== "--quiet")],
      env: options.env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const url = Promise.withResolvers<string>();
    const ready = Promise.withResolvers<void>();
    const rest = Promise.all([
      eachLine(child.stderr, (line) => {
        const [found] = /ws:\/\/\S+/.exec(line) ?? [];
        if (found !== undefined) url.resolve(found);
      }),
      eachLine(child.stdout, (line) => options.ready.test(line) && ready.resolve()),
      child.status.then(() => {
        url.reject(new Error("it ended before its inspector was open"));
        ready.reject(new Error("it ended before it was ready"));
      }),
    ]);
    const [address] = await Promise.all([url.promise, ready.promise]);
    const socket = new WebSocket(address);
    await new Promise((resolve) => socket.onopen = resolve);
    return new InspectedProcess(child, socket, rest);
  }

  /** Runs an expression in the process, and gives what it, or its promise, comes to. */
  async evaluate(expression: string): Promise<unknown> {
    const id = ++this.#count;
    const answer = Promise.withResolvers<unknown>();
    this.#answers.set(id, answer.resolve);
    const params = { expression, awaitPromise: true, returnByValue: true };
    this.#socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
    const { result, exceptionDetails } = await answer.promise as {
      result: { value: unknown };
      exceptionDetails?: unknown;
    };
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.close();
    await closed;
    this.#child.kill("SIGTERM");
    await this.#rest;
  }
}

async function eachLine(
  output: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  const splitter = new LineSplitter();
  for await (const chunk of output) {
    for (const { text } of splitter.push(chunk)) take(text);
  }
}
