import { listProcesses } from "../process/process_table.ts";

/** What a process group uses, with all that is in it. */
export interface GroupUsage {
  /** Of one core, since the sample before; null at the first. */
  cpuPercent: number | null;
  /** Resident, in bytes. */
  memoryBytes: number;
}

/** Samples what process groups use. The percentage is that of the time between two samples. */
export class WorkerUsage {
  #cpuMs = new Map<number, number>();
  #usage = new Map<number, GroupUsage>();
  #sampledMs = 0;

  /** Takes a sample of the groups that are led by these processes. */
  sample(pids: readonly number[]): void {
    const nowMs = performance.now();
    const elapsedMs = Math.max(1, nowMs - this.#sampledMs);
    const wanted = new Set(pids);
    const totals = new Map<number, { cpuMs: number; memoryBytes: number }>();
    for (const { pgid, cpuMs, memoryBytes } of wanted.size === 0 ? [] : listProcesses()) {
      if (!wanted.has(pgid)) continue;
      const total = totals.get(pgid) ?? { cpuMs: 0, memoryBytes: 0 };
      totals.set(pgid, {
        cpuMs: total.cpuMs + cpuMs,
        memoryBytes: total.memoryBytes + memoryBytes,
      });
    }
    this.#usage = new Map();
    for (const [pgid, { cpuMs, memoryBytes }] of totals) {
      const before = this.#cpuMs.get(pgid);
      // A member that has ended takes its time with it.
      const cpuPercent = before === undefined
        ? null
        : Math.max(0, Math.round((cpuMs - before) / elapsedMs * 1000) / 10);
      this.#usage.set(pgid, { cpuPercent, memoryBytes });
    }
    this.#cpuMs = new Map([...totals].map(([pgid, { cpuMs }]) => [pgid, cpuMs]));
    this.#sampledMs = nowMs;
  }

  /** What the last sample says of a group, if it was in it. */
  of(pid: number | null): GroupUsage | undefined {
    return pid === null ? undefined : this.#usage.get(pid);
  }
}
