import { within } from "../base/delay.ts";
import type { Child, ChildExit } from "./child.ts";

/** How long a child may take to end by itself, in milliseconds. */
export const DEFAULT_GRACE_MS = 10_000;

/**
 * Ends a child and its process group: SIGTERM, and after `graceMs` (default 10,000) SIGKILL. What is
 * left of the group when the child has ended gets SIGKILL at once. Resolves when the child has been
 * reaped. Ending a child that has ended is fine.
 */
export async function stopChild(
  child: Child,
  options: { graceMs?: number } = {},
): Promise<ChildExit> {
  child.signalGroup("SIGTERM");
  const exit = await within(child.exited, options.graceMs ?? DEFAULT_GRACE_MS);
  child.signalGroup("SIGKILL");
  return exit ?? await child.exited;
}

/** An exit as a person says it: `exit code 3`, `signal SIGKILL`. */
export function describeExit(exit: ChildExit): string {
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}
