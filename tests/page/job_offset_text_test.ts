import assert from "node:assert/strict";
import { offsetText } from "../../src/page/job/offset_text.ts";

Deno.test("offsetText() is exact to the millisecond in the first minute", () => {
  assert.deepEqual(
    [0, 41, 1043, 59_999, 60_000, -1500].map(offsetText),
    ["+0 ms", "+41 ms", "+1.043 s", "+59.999 s", "+1 min 00 s", "-1.500 s"],
  );
});
