import assert from "node:assert/strict";
import fc from "fast-check";
import type { JournalSegment } from "../../src/journal/journal.ts";
import { JournalFile } from "../../src/journal/journal_file.ts";
import { mergeSegments } from "../../src/journal/merge_segments.ts";
import { rowsOf } from "../helpers/journal_folder.ts";
import { linesSegment, range, readKept } from "../helpers/journal_segments.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** Writes the segments as a row each, merges them, and compares what is read before and after. */
async function merged(segments: JournalSegment[]): Promise<{ rows: number; ids: number[] }> {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("journal.db");
  const file = new JournalFile(path);
  try {
    const own = segments.map((segment) => ({ jobId: "a", segment }));
    const other = { jobId: "b", segment: linesSegment(1, 3) };
    file.write({ segments: [...own, other], records: [] });
    const reader = { read: (jobId: string, after: number) => file.readFrom(jobId, after) };
    const before = readKept(reader, "a");
    mergeSegments(file, "a", segments.length);
    const { ids, text } = readKept(reader, "a");
    assert.deepEqual(ids, before.ids);
    assert.equal(text, before.text);
    assert.deepEqual(readKept(reader, "b").ids, [1, 2, 3]);
    return { rows: rowsOf(path, "a"), ids };
  } finally {
    file.close();
  }
}

Deno.test("mergeSegments() makes one row of many small ones that follow each other", async () => {
  const { rows, ids } = await merged(range(1, 100).map((n) => linesSegment(n, n)));
  assert.equal(rows, 1);
  assert.deepEqual(ids, range(1, 100));
});

Deno.test("mergeSegments() leaves a few rows as they are", async () => {
  assert.equal((await merged(range(1, 4).map((n) => linesSegment(n, n)))).rows, 4);
});

Deno.test("mergeSegments() leaves holes where they are", async () => {
  const numbers = [1, 2, 3, 7, 8, 9, 20];
  const { rows, ids } = await merged(numbers.map((n) => linesSegment(n, n)));
  assert.equal(rows, 3);
  assert.deepEqual(ids, numbers);
});

Deno.test("mergeSegments() makes rows of at most 64 KiB", async () => {
  const { rows } = await merged(range(1, 20).map((n) => linesSegment(n, n, 10_000)));
  assert.equal(rows, 4, "six of them fit into one");
});

Deno.test("mergeSegments() leaves alone what is larger than 2 MiB", async () => {
  const { rows } = await merged(range(1, 220).map((n) => linesSegment(n, n, 10_000)));
  assert.equal(rows, 220);
});

Deno.test("mergeSegments() of any rows loses, doubles and reorders nothing", async () => {
  const anyRow = fc.record({
    hole: fc.nat(3),
    count: fc.integer({ min: 1, max: 5 }),
    length: fc.oneof(fc.nat(20), fc.nat(40_000)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { maxLength: 20 }), async (rows) => {
      let next = 1;
      await merged(rows.map(({ hole, count, length }) => {
        const from = next + hole;
        next = from + count;
        return linesSegment(from, next - 1, length);
      }));
    }),
    { numRuns: 30 },
  );
});
