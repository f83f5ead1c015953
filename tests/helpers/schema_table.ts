import assert from "node:assert/strict";
import type { z } from "zod";

/** Asserts that `schema` takes every one of `values` unchanged. */
export function assertAccepts(schema: z.ZodType, values: readonly unknown[]): void {
  for (const value of values) {
    const parsed = schema.safeParse(value);
    assert.ok(parsed.success, `refused ${JSON.stringify(value)}: ${parsed.error?.message}`);
    assert.deepEqual(parsed.data, value);
  }
}

/** Asserts that `schema` refuses every one of `values`. */
export function assertRefuses(schema: z.ZodType, values: readonly unknown[]): void {
  for (const value of values) {
    assert.equal(schema.safeParse(value).success, false, `accepted ${JSON.stringify(value)}`);
  }
}

/** The paths that `schema` complains about in `value`, as people write them. */
export function complaints(schema: z.ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  assert.equal(parsed.success, false, `accepted ${JSON.stringify(value)}`);
  return parsed.error!.issues.map((issue) => issue.path.join("."));
}
