import assert from "node:assert/strict";
import fc from "fast-check";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { anyText } from "./hostile_strings.ts";

/** How many cases a parser meets: a few in the usual run, ten thousand in `deno task audit`. */
export const FUZZ = { numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? 300) } as const;

/** Calls what may refuse, and gives undefined where it does: in words, as an error of ours. */
export function orRefused<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    return assertRefusal(error);
  }
}

/** As {@linkcode orRefused}, of what takes time. */
export async function orRefusedLater<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    return assertRefusal(error);
  }
}

/** Texts that are put together from pieces which mean something to a parser, and from any others. */
export function anyOf(pieces: readonly string[], maxLength = 12): fc.Arbitrary<string> {
  return fc.array(fc.oneof(fc.constantFrom(...pieces), anyText()), { maxLength })
    .map((parts) => parts.join(""));
}

function assertRefusal(error: unknown): undefined {
  if (!(error instanceof RbeeError)) throw error;
  assert.ok(error.message.length < 20_000, `${error.message.length} characters of error`);
  assert.notEqual(error.code, "internal", error.message);
  return undefined;
}
