import { type LedgerEntry, WORKER_VARIABLE } from "../../src/process/group_ledger.ts";
import { isAlive } from "../../src/process/process_identity.ts";
import { CapturedChild, shell } from "./captured_child.ts";

/** A shell of a test that carries a worker's mark, and those that it says it has started. */
export class MarkedProcesses implements AsyncDisposable {
  readonly leader: CapturedChild;
  #noted: number[] = [];

  /**
   * @param script Says `member PID` for each process that is to be ended with the test.
   * @param mark The mark of all of them; without one they carry none.
   */
  constructor(script: string, mark?: string) {
    const env = Deno.env.toObject();
    delete env[WORKER_VARIABLE];
    // What the members hold open must not hold up the end of the leader.
    this.leader = new CapturedChild({
      ...shell(script),
      env: { ...env, ...(mark === undefined ? {} : { [WORKER_VARIABLE]: mark }) },
    }, { lingerMs: 1 });
  }

  /** How the group stands in a ledger. */
  entry(fields: Partial<LedgerEntry> = {}): LedgerEntry {
    const { pid, startTime } = this.leader.child;
    return { mark: "mark of nobody", pgid: pid, start_time: startTime, ...fields };
  }

  /** The pid of the first member that was said. */
  async member(): Promise<number> {
    const pid = Number((await this.leader.printed("member ")).slice("member ".length));
    this.#noted.push(pid);
    return pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#noted) {
      if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
      await gone(pid);
    }
    await this.leader[Symbol.asyncDispose]();
  }
}

/** Resolves when a process has been told to end and is gone, or a zombie. */
export async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await Deno.stat("/proc");
}
