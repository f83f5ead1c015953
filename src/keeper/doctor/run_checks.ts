import { unlessAborted, within } from "../../base/delay.ts";
import { toRbeeError } from "../../base/rbee_error.ts";
import type { Check, CheckContext, Finding } from "./finding.ts";

const LIMIT_MS = 10_000;

/**
 * Runs all checks side by side and gives what they find, in the order of the checks. One that takes
 * longer than `limitMs` (default 10,000) is a finding that failed, as is one that throws.
 *
 * @throws {unknown} If the context's signal aborts: its reason.
 */
export async function runChecks(
  checks: readonly Check[],
  context: CheckContext,
  options: { limitMs?: number } = {},
): Promise<Finding[]> {
  const limitMs = options.limitMs ?? LIMIT_MS;
  return (await Promise.all(checks.map((check) => runCheck(check, context, limitMs)))).flat();
}

async function runCheck(
  { name, look }: Check,
  { settings, signal }: CheckContext,
  limitMs: number,
): Promise<Finding[]> {
  const over = new AbortController();
  const looking = look({ settings, signal: AbortSignal.any([signal, over.signal]) })
    .catch((error: unknown): Finding[] => [
      { name, status: "failed", message: toRbeeError(error).message },
    ]);
  const found = await within(unlessAborted(looking, signal), limitMs);
  if (found !== undefined) return found;
  over.abort(new Error("the check took too long"));
  const message = `This could not be found out within ${limitMs / 1000} s`;
  return [{ name, status: "failed", message, next: "rbee doctor" }];
}
