import { Backoff } from "../base/backoff.ts";
import { delay } from "../base/delay.ts";
import { narrate } from "../narration/narrate.ts";
import { type LedgerEntry, readLedger, WORKER_VARIABLE } from "./group_ledger.ts";
import { listProcesses, type ProcessEntry, processesWithVariable } from "./process_table.ts";
import { DEFAULT_GRACE_MS } from "./supervisor.ts";

// What the kernel does not let go of (a hanging disk) is not waited for any longer.
const AFTER_KILL_MS = 5000;

/**
 * The processes that are left of groups, and only those: a whole group while its first process is the
 * one that was started, and whoever carries a group's mark in the environment.
 */
export function membersOf(groups: readonly LedgerEntry[]): ProcessEntry[] {
  const processes = listProcesses();
  const marks = new Set(groups.map(({ mark }) => mark));
  const marked = processesWithVariable(WORKER_VARIABLE);
  const startTimes = new Map(processes.map(({ pid, startTime }) => [pid, startTime]));
  const ours = new Set(
    groups.filter(({ pgid, start_time }) =>
      pgid !== null && start_time !== null && startTimes.get(pgid) === start_time
    ).map(({ pgid }) => pgid),
  );
  return processes.filter(({ pid, pgid }) =>
    pid !== Deno.pid && (ours.has(pgid) || marks.has(marked.get(pid) ?? ""))
  );
}

/**
 * Ends what is left of groups that a process before this one started: SIGTERM, and after `graceMs`
 * (default 10,000) SIGKILL. Resolves, when none is left, with how many processes there were.
 */
export async function endLeftovers(
  groups: readonly LedgerEntry[],
  options: { graceMs?: number } = {},
): Promise<number> {
  if (groups.length === 0) return 0;
  const first = membersOf(groups);
  first.forEach((each) => signal(each, "SIGTERM"));
  const killAtMs = performance.now() + (options.graceMs ?? DEFAULT_GRACE_MS);
  // They are nobody's children here, so nothing tells of their end.
  const backoff = new Backoff({ firstMs: 10, maxMs: 200 });
  for (let left = first; left.length > 0; left = membersOf(groups)) {
    const lateMs = performance.now() - killAtMs;
    if (lateMs >= 0) left.forEach((each) => signal(each, "SIGKILL"));
    if (lateMs >= AFTER_KILL_MS) break;
    await delay(backoff.next());
  }
  return first.length;
}

/**
 * Ends what a ledger says that a hive had running which was killed, and says how much that was: engines
 * know no pipe to their parent.
 */
export async function endLeftoversOf(
  ledgerPath: string,
  options: { graceMs?: number } = {},
): Promise<void> {
  const count = await endLeftovers(await readLedger(ledgerPath), options);
  if (count === 0) return;
  narrate("leftovers", `Ended ${count} processes that a hive which was killed had left running`, {
    level: "warn",
    fields: { processes: count },
  });
}

/**
 * Kills at once whoever carries a worker's mark: what has moved out of its group, and so was not
 * reached by the group's signal.
 */
export function killMarked(mark: string): void {
  const marked = processesWithVariable(WORKER_VARIABLE);
  for (const [pid, value] of marked) {
    if (value === mark && pid !== Deno.pid) signal({ pid }, "SIGKILL");
  }
}

function signal({ pid }: Pick<ProcessEntry, "pid">, name: "SIGTERM" | "SIGKILL"): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
