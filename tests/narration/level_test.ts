import assert from "node:assert/strict";
import { narrationLevelSchema } from "../../src/contracts/narration_record.ts";
import { isShown } from "../../src/narration/level.ts";

Deno.test("isShown() shows a level and those above it", () => {
  const levels = narrationLevelSchema.options;
  for (const [at, minimum] of levels.entries()) {
    assert.deepEqual(levels.filter((level) => isShown(level, minimum)), levels.slice(at));
  }
});
