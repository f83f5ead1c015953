import assert from "node:assert/strict";
import { JobClient } from "../../src/jobs/job_client.ts";
import { listeningSockets, openSockets } from "./listening_sockets.ts";
import { RbeeHome, type RunningCommand } from "./rbee_home.ts";
import { processGone } from "./supervised_home.ts";

/** Queen and hive of a home in the foreground, as children of the test, which sees how they end. */
export class ServedHome implements AsyncDisposable {
  readonly rbee: RbeeHome;
  readonly #sockets = new Set<string>();

  private constructor(rbee: RbeeHome) {
    this.rbee = rbee;
  }

  /** A home with these settings in rbee.yaml, in which nothing runs yet. */
  static async create(settings: Record<string, unknown>): Promise<ServedHome> {
    const rbee = await RbeeHome.create();
    await rbee.configure(settings);
    return new ServedHome(rbee);
  }

  /** Starts a role, and resolves when it is ready. */
  async serve(
    role: "queen" | "hive" | "worker",
    ...flags: string[]
  ): Promise<{ process: RunningCommand; client: JobClient }> {
    const process = this.rbee.start(["serve", "--role", role, "--port", "0", ...flags]);
    const line = await process.line(/^\[\w+ +\] (ready|worker_ready) +: /);
    const [url] = /http:\/\/\S+/.exec(line) ?? assert.fail(line);
    return { process, client: new JobClient(url, { patienceMs: 0 }) };
  }

  /** Remembers on which ports the processes of this home listen; none may be left at the end. */
  noteSockets(): void {
    const pids = this.rbee.processes().map(({ pid }) => pid);
    for (const socket of openSockets(pids)) this.#sockets.add(socket);
  }

  /** Resolves when no process of this home is left, or some are after half a minute. */
  async nothingRuns(): Promise<void> {
    await Promise.all(this.rbee.processes().map(({ pid }) => processGone(pid)));
  }

  /** Asserts that of all that ran here no process and no port is left. */
  assertNothingRuns(): void {
    assert.deepEqual(this.rbee.processes(), [], "processes are left");
    const listening = listeningSockets();
    const left = [...this.#sockets].filter((socket) => listening.has(socket));
    assert.deepEqual(left, [], "ports are open");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.rbee[Symbol.asyncDispose]();
  }
}
