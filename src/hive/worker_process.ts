import { narrate } from "../narration/narrate.ts";
import { type Child, type ChildExit, spawnChild } from "../process/child.ts";
import { type GroupLedger, WORKER_VARIABLE } from "../process/group_ledger.ts";
import { killMarked } from "../process/leftovers.ts";
import { oomKills } from "../process/oom_kills.ts";
import { type Captured, captureOutput } from "../process/output_capture.ts";
import { stopChild } from "../process/supervisor.ts";
import type { EngineProgram } from "./engine.ts";

const LEFT = { level: "warn" } as const;

/** What a process of a worker needs. */
export interface WorkerProcessOptions {
  /** The worker's id: the mark by which all that it starts is known. */
  mark: string;
  ledger: GroupLedger;
  /** Between SIGTERM and SIGKILL, in milliseconds. Default 10,000. */
  graceMs?: number | undefined;
  /** Whether colour is kept beside the plain lines. */
  color: boolean;
  /** Gets what it prints, in order. Must not throw. */
  onCaptured(captured: Captured): void;
}

/** How a process of a worker ended. */
export interface WorkerProcessEnd {
  exit: ChildExit;
  /** Whether the kernel killed something for want of memory while it ran. */
  oomKilled: boolean;
}

/** One process of a worker, with its group, and whatever it starts. */
export class WorkerProcess {
  /**
   * Settles when it has been reaped, its output is read to the end, and nothing that it has started is
   * left. Never rejects.
   */
  readonly ended: Promise<WorkerProcessEnd>;
  readonly #child: Child;
  readonly #graceMs: number | undefined;

  /** @throws {RbeeError} `cannot_spawn` If the program cannot be started. */
  constructor(program: EngineProgram, options: WorkerProcessOptions) {
    const { mark, ledger, onCaptured } = options;
    const oomBefore = oomKills();
    // Before it starts: there must be no moment in which it runs and is not on the list.
    ledger.note({ mark, pgid: null, start_time: null });
    try {
      this.#child = spawnChild({
        program: program.program,
        args: program.args,
        env: { ...program.env, [WORKER_VARIABLE]: mark },
        mode: "captured",
      });
    } catch (error) {
      ledger.remove(mark);
      throw error;
    }
    const { pid, startTime } = this.#child;
    ledger.note({ mark, pgid: pid, start_time: startTime });
    this.#graceMs = options.graceMs;
    // What it has started itself must not outlive it, however it ends, wherever it has moved to.
    const swept = this.#child.exited.then(() => {
      this.#child.signalGroup("SIGKILL");
      return killMarked(mark);
    });
    const captured = captureOutput(this.#child, {
      narration: program.narration,
      color: options.color,
      onCaptured,
    });
    this.ended = captured.then(async (exit) => {
      // What could not be ended stays on the list, for the next hive.
      if (await swept) ledger.remove(mark);
      else narrate("leftovers", `Something that worker ${mark} started cannot be ended`, LEFT);
      return { exit, oomKilled: (oomKills() ?? 0) > (oomBefore ?? 0) };
    });
  }

  /** Settles as soon as it has ended. Never rejects. */
  get exited(): Promise<unknown> {
    return this.#child.exited;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Ends it and its group: SIGTERM, after the grace period SIGKILL. */
  async stop(): Promise<void> {
    await stopChild(this.#child, this.#graceMs === undefined ? {} : { graceMs: this.#graceMs });
    await this.ended;
  }
}
