import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteRanges } from "../../src/models/byte_ranges.ts";

Deno.test("ByteRanges joins what touches or overlaps, and keeps order", () => {
  const ranges = new ByteRanges([[10, 20], [0, 5], [20, 30], [4, 6], [7, 7]]);
  assert.deepEqual(ranges.runs, [[0, 6], [10, 30]]);
  assert.equal(ranges.bytes, 26);
});

Deno.test("ByteRanges.missing() gives the gaps in pieces", () => {
  const ranges = new ByteRanges([[10, 20], [25, 26]]);
  assert.deepEqual(ranges.missing(40, 8), [[0, 8], [8, 10], [20, 25], [26, 34], [34, 40]]);
  assert.deepEqual(ranges.missing(15), [[0, 10]]);
  assert.deepEqual(new ByteRanges([[0, 40]]).missing(40), []);
});

Deno.test("ByteRanges holds the same bytes as a list of them would", () => {
  const run = fc.tuple(fc.nat(60), fc.nat(60));
  fc.assert(
    fc.property(fc.array(run), fc.nat(60), fc.integer({ min: 1, max: 9 }), (runs, total, most) => {
      const there = Array<boolean>(total).fill(false);
      for (const [start, end] of runs) there.fill(true, start, Math.max(start, end));
      const missing = new ByteRanges(runs).missing(total, most);
      const gone = Array<boolean>(total).fill(true);
      for (const [start, end] of missing) {
        assert.ok(end > start && end - start <= most);
        gone.fill(false, start, end);
      }
      assert.deepEqual(gone, there);
    }),
  );
});
