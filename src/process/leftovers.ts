import { Backoff } from "../base/backoff.ts";
import { delay } from "../base/delay.ts";
import { narrate } from "../narration/narrate.ts";
import { type LedgerEntry, readLedger, WORKER_VARIABLE } from "./group_ledger.ts";
import { isAlive } from "./process_identity.ts";
import { listProcesses, type ProcessEntry, processesWithVariable } from "./process_table.ts";
import { DEFAULT_GRACE_MS } from "./supervisor.ts";

// What the kernel does not let go of (a hanging disk) is not waited for any longer.
const AFTER_KILL_MS = 5000;
const SWEEP_MS = 1000;
const SWEEP_PAUSE_MS = 5;
// However long each of them takes.
const MIN_LOOKS = 20;

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
  // One that its group alone has told of is found no more when the group's first process has ended.
  const startTimes = new Map(first.map(({ pid, startTime }) => [pid, startTime]));
  const stillThere = () =>
    listProcesses().filter(({ pid, startTime }) => startTimes.get(pid) === startTime);
  const look = () => [...stillThere(), ...membersOf(groups)];
  for (let left = first; left.length > 0; left = look()) {
    const lateMs = performance.now() - killAtMs;
    if (lateMs >= 0) left.forEach((each) => signal(each, "SIGKILL"));
    if (lateMs >= AFTER_KILL_MS) break;
    await delay(backoff.next());
  }
  return first.length;
}

/**
 * Kills all that is there of groups, and is done when it returns: for a process that ends at once, and
 * waits for nothing. What forks while it is looked for is found by the second look.
 */
export function killMembers(groups: readonly LedgerEntry[]): void {
  if (groups.length === 0) return;
  for (let look = 0; look < 2; look++) {
    for (const each of membersOf(groups)) signal(each, "SIGKILL");
  }
}

/**
 * Ends what a ledger says that a hive had running which was killed, and says how much that was: engines
 * know no pipe to their parent.
 */
export async function endLeftoversOf(
  ledgerPath: string,
  options: { graceMs?: number } = {},
): Promise<void> {
  const groups = await readLedger(ledgerPath);
  const count = await endLeftovers(groups, options);
  if (count === 0) return;
  // What they may have started meanwhile.
  for (const { mark } of groups) await killMarked(mark);
  narrate("leftovers", `Ended ${count} processes that a hive which was killed had left running`, {
    level: "warn",
    fields: { processes: count },
  });
}

/**
 * Kills whoever carries a worker's mark: what has moved out of its group, and so was not reached by the
 * group's signal. Looks again until nothing is found twice in a row, since what forks while it is looked
 * for may be missed. Resolves false when something is left after a second and twenty looks.
 */
export async function killMarked(mark: string): Promise<boolean> {
  const deadlineMs = performance.now() + SWEEP_MS;
  for (let looks = 1, empty = 0; empty < 2; looks++) {
    const found = [...processesWithVariable(WORKER_VARIABLE)]
      .filter(([pid, value]) => value === mark && pid !== Deno.pid && isAlive(pid));
    for (const [pid] of found) signal({ pid }, "SIGKILL");
    empty = found.length === 0 ? empty + 1 : 0;
    if (empty === 0 && looks >= MIN_LOOKS && performance.now() > deadlineMs) return false;
    if (empty < 2) await delay(SWEEP_PAUSE_MS);
  }
  return true;
}

function signal({ pid }: Pick<ProcessEntry, "pid">, name: "SIGTERM" | "SIGKILL"): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
