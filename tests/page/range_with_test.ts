import assert from "node:assert/strict";
import { rangeWith } from "../../src/page/range_with.ts";

Deno.test("rangeWith() draws a range with some rows around it, and one more that is far from it", () => {
  const range = { startIndex: 5, endIndex: 6, overscan: 1, count: 20 };
  assert.deepEqual(rangeWith(range, undefined), [4, 5, 6, 7]);
  assert.deepEqual(rangeWith(range, 5), [4, 5, 6, 7]);
  assert.deepEqual(rangeWith(range, 0), [0, 4, 5, 6, 7]);
  assert.deepEqual(rangeWith(range, 19), [4, 5, 6, 7, 19]);
  assert.deepEqual(rangeWith(range, 20), [4, 5, 6, 7]);
  assert.deepEqual(rangeWith({ ...range, startIndex: 0, endIndex: 19 }, 3).length, 20);
  assert.deepEqual(rangeWith({ startIndex: 0, endIndex: 0, overscan: 8, count: 0 }, 3), []);
});
