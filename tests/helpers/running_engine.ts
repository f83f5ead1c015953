import { SignalBell } from "../../src/base/signal_bell.ts";
import type { OpenAiEngine } from "../../src/hive/engine_request.ts";
import { type Child, spawnChild } from "../../src/process/child.ts";
import { engineCommand } from "./engine_command.ts";

/** A request that the fixture engine got, and how it ended. */
export interface AskedRequest {
  path: string;
  body: Record<string, unknown>;
  state: "running" | "done" | "cancelled" | "broken" | "refused";
}

/** The fixture engine as a process of its own, which does not outlive its test. */
export class RunningEngine implements AsyncDisposable {
  readonly child: Child;
  /** What it has printed so far, in lines without their ends. */
  readonly lines: Record<"stdout" | "stderr", string[]> = { stdout: [], stderr: [] };
  readonly #arrival = new SignalBell();
  readonly #over = new AbortController();
  readonly #drained: Promise<unknown>;
  #port = 0;

  private constructor(flags: readonly string[]) {
    const [program, ...args] = engineCommand(...flags)
      .map((part) => part === "{model}" ? "fixture-model" : part === "{port}" ? "0" : part);
    this.child = spawnChild({ program: program!, args, mode: "captured" });
    this.#drained = Promise.all([this.#drain("stdout"), this.#drain("stderr")])
      .then(() => this.#over.abort());
  }

  /** Starts it on a free port and waits until it is healthy. */
  static async start(...flags: string[]): Promise<RunningEngine> {
    const running = new RunningEngine(flags);
    const line = await running.printed(/server is listening on http:.*:(\d+)$/);
    running.#port = Number(/\d+$/.exec(line));
    return running;
  }

  /** Starts it on a free port and waits until it listens, healthy or not. */
  static async startLoading(...flags: string[]): Promise<RunningEngine> {
    const running = new RunningEngine(flags);
    const line = await running.printed(/HTTP server is listening, .*port: \d+/);
    running.#port = Number(/port: (\d+)/.exec(line)![1]);
    return running;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The same as its client wants it. */
  get engine(): OpenAiEngine {
    return { baseUrl: this.baseUrl, model: "fixture-model", name: "fixture" };
  }

  /** Gives the first line that matches; rejects when its outputs close without one. */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = [...this.lines.stdout, ...this.lines.stderr].find((each) => pattern.test(each));
      if (line !== undefined) return line;
      if (!await this.#arrival.wait({ signal: this.#over.signal })) {
        throw new Error(`The engine ended without printing ${pattern}`);
      }
    }
  }

  /** Sends `POST /control/…`. */
  async control(path: string): Promise<void> {
    const answer = await fetch(`${this.baseUrl}/control/${path}`, { method: "POST" });
    await answer.body?.cancel();
  }

  /** What it was asked; waits for `?arrived=N` or `?ended=N` requests. */
  async requests(query = ""): Promise<AskedRequest[]> {
    const answer = await fetch(`${this.baseUrl}/control/requests${query}`);
    return ((await answer.json()) as { requests: AskedRequest[] }).requests;
  }

  async #drain(name: "stdout" | "stderr"): Promise<void> {
    const lines = this.lines[name];
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.child[name]!) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop()!;
      lines.push(...parts);
      this.#arrival.ring();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.signalGroup("SIGKILL");
    await Promise.all([this.child.exited, this.#drained]);
  }
}
