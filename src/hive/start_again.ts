import { narrate } from "../narration/narrate.ts";
import type { DeathReason } from "./death_reason.ts";

/** How often a start is tried in all, by what kept it from going well. */
const ATTEMPTS: Record<string, number> = { port_in_use: 3, insufficient_memory: 5 };

/**
 * Whether a worker that died before it was ready is to be started again at once, because what was in its
 * way has gone: its port was taken by another program, or there is room for it now.
 *
 * @param options.attempt How many starts there were, from 1.
 * @param options.makeRoom Makes room in the memory; false where it cannot.
 * @throws {unknown} What `makeRoom` throws.
 */
export async function mayStartAgain(
  { code }: Pick<DeathReason, "code">,
  options: { attempt: number; makeRoom(): Promise<boolean> },
): Promise<boolean> {
  if (options.attempt >= (ATTEMPTS[code] ?? 1)) return false;
  if (code === "insufficient_memory") return await options.makeRoom();
  // The port was free a moment before, and there are others.
  narrate("worker_port", "Another program took its port; trying another");
  return true;
}
