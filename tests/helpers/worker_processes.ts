import { WORKER_VARIABLE } from "../../src/process/group_ledger.ts";
import { isAlive } from "../../src/process/process_identity.ts";
import { processesWithVariable } from "../../src/process/process_table.ts";

/** The processes that carry a worker's mark, whoever started them, wherever they have moved to. */
export function processesOf(workerId: string): number[] {
  return [...processesWithVariable(WORKER_VARIABLE)]
    .filter(([pid, mark]) => mark === workerId && isAlive(pid))
    .map(([pid]) => pid);
}

/**
 * Resolves when no process carries a worker's mark. What has been killed is gone for who looks a moment
 * later than for who killed it.
 */
export async function nothingLeftOf(workerId: string): Promise<void> {
  while (processesOf(workerId).length > 0) await Deno.stat("/proc");
}
