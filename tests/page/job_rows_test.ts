import assert from "node:assert/strict";
import type { JobEntry, OutputEntry } from "../../src/page/job_entry.ts";
import {
  isRowOf,
  type Row,
  rowIndexOf,
  RowList,
  type RowOptions,
} from "../../src/page/job/rows.ts";
import { countingLooks } from "./counting_looks.ts";

const AT = "2026-01-31T12:00:00.000Z";

function said(seq: number, others: object = {}): JobEntry {
  const place = { seq, lastSeq: seq, at: AT, lastAt: AT };
  return { kind: "said", ...place, actor: "hive", action: "x", text: "", level: "info", ...others };
}

function output(seq: number, count: number): OutputEntry {
  const lines = Array.from({ length: count }, (_, index) => ({
    seq: seq + index,
    at: AT,
    stream: "stdout" as const,
    text: `line ${index}`,
    truncated: false,
  }));
  const lastSeq = seq + count - 1;
  return { kind: "output", seq, lastSeq, at: AT, lastAt: AT, actor: "worker", lines };
}

function end(seq: number): JobEntry {
  return { kind: "end", seq, lastSeq: seq, at: AT, lastAt: AT, state: "done" };
}

function options(others: Partial<RowOptions> = {}): RowOptions {
  return { showDetails: false, linkedSeq: undefined, isOpen: () => false, ...others };
}

function rowsOf(entries: readonly JobEntry[], chosen: RowOptions): readonly Row[] {
  const list = new RowList(chosen);
  list.read({ entries, droppedLines: 0 });
  return list.rows;
}

Deno.test("RowList folds several lines of output in one row, and shows them when it is opened", () => {
  const entries = [said(1), output(2, 3), end(5)];
  assert.deepEqual(rowsOf(entries, options()).map(({ key }) => key), ["1", "output-2", "end"]);
  assert.deepEqual(
    rowsOf(entries, options({ isOpen: (entry) => entry === entries[1] })).map(({ key }) => key),
    ["1", "output-2", "2", "3", "4", "end"],
  );
});

Deno.test("RowList shows a single line of output as it is", () => {
  assert.deepEqual(rowsOf([output(7, 1)], options()).map(({ kind, key }) => [kind, key]), [
    ["line", "output-7"],
  ]);
});

Deno.test("RowList hides debug lines unless they are wanted or linked", () => {
  const entries = [said(1), said(2, { level: "debug" }), said(3, { level: "debug" })];
  const keys = (others: Partial<RowOptions>) =>
    rowsOf(entries, options(others)).map(({ key }) => key);
  assert.deepEqual(keys({}), ["1"]);
  assert.deepEqual(keys({ showDetails: true }), ["1", "2", "3"]);
  assert.deepEqual(keys({ linkedSeq: 3 }), ["1", "3"]);
  const list = new RowList(options());
  list.read({ entries, droppedLines: 0 });
  assert.equal(list.details, 2);
});

Deno.test("RowList says first how many lines went", () => {
  const list = new RowList(options());
  list.read({ entries: [said(3), said(9)], droppedLines: 2 });
  list.read({ entries: [said(9)], droppedLines: 8 });
  assert.deepEqual(list.rows[0], { kind: "dropped", key: "dropped", lines: 8 });
  assert.deepEqual(list.rows.map(({ key }) => key), ["dropped", "9"]);
});

Deno.test("RowList gives every row a key of its own, also after a crash of the queen", () => {
  const rows = rowsOf([said(1), said(2), output(3, 2), end(2)], options({ isOpen: () => true }));
  assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length);
});

Deno.test("rowIndexOf() finds the row of an event, or the closed group that holds it", () => {
  const entries = [said(1), output(2, 3), said(5, { lastSeq: 8 })];
  const closed = rowsOf(entries, options());
  assert.equal(rowIndexOf(closed, 3), 1);
  assert.equal(rowIndexOf(closed, 7), 2);
  assert.equal(rowIndexOf(closed, 99), -1);
  const open = rowsOf(entries, options({ isOpen: () => true }));
  assert.equal(rowIndexOf(open, 3), 3);
  assert.equal(open.filter((row) => isRowOf(row, 3)).length, 1);
  assert.equal(open.filter((row) => isRowOf(row, undefined)).length, 0);
});

Deno.test("RowList shows the same however often it was read while the job grew", () => {
  const whole = [
    said(1),
    output(2, 1),
    said(3, { level: "debug", lastSeq: 6 }),
    output(7, 5),
    said(12, { level: "debug" }),
    output(13, 2),
    end(15),
  ];
  const choices = [
    options(),
    options({ showDetails: true }),
    options({ linkedSeq: 5 }),
    options({ isOpen: () => true }),
  ];
  for (const chosen of choices) {
    const list = new RowList(chosen);
    const entries: JobEntry[] = [];
    for (const entry of whole) {
      if (entry.kind === "output") {
        const growing: OutputEntry = { ...entry, lines: [], lastSeq: entry.seq };
        entries.push(growing);
        for (const line of entry.lines) {
          growing.lines.push(line);
          growing.lastSeq = line.seq;
          list.read({ entries, droppedLines: 0 });
        }
      } else {
        const growing = { ...entry, lastSeq: entry.seq };
        entries.push(growing);
        list.read({ entries, droppedLines: 0 });
        growing.lastSeq = entry.lastSeq;
      }
    }
    list.read({ entries, droppedLines: 0 });
    assert.deepEqual(list.rows, rowsOf(whole, chosen));
    assert.equal(list.details, 2);
  }
});

Deno.test("RowList looks at the newest entries alone, and keeps the keys of the others", () => {
  const entries = Array.from({ length: 10_000 }, (_, index) => said(index + 1));
  const { counted, looks } = countingLooks(entries);
  const list = new RowList(options());
  list.read({ entries: counted, droppedLines: 0 });
  const { keyOf } = list;
  const before = looks();
  for (let seq = 10_001; seq <= 10_100; seq++) {
    entries.push(said(seq));
    list.read({ entries: counted, droppedLines: 0 });
  }
  assert.ok(looks() - before <= 500, `${looks() - before} looks at entries for 100 of them`);
  assert.equal(list.keyOf, keyOf, "the list on the screen asks for all keys of another one");
  assert.equal(keyOf(10_099), "10100");
  list.read({ entries: entries.slice(50), droppedLines: 50 });
  assert.notEqual(list.keyOf, keyOf, "what stood at a place is another row");
});

Deno.test("RowList adds the new lines alone to a group that was opened", () => {
  const entry = output(1, 10_000);
  const { counted, looks } = countingLooks(entry.lines);
  const list = new RowList(options({ isOpen: () => true }));
  const entries = [{ ...entry, lines: counted as OutputEntry["lines"] }];
  list.read({ entries, droppedLines: 0 });
  const before = looks();
  for (let seq = 10_001; seq <= 10_100; seq++) {
    entry.lines.push({ seq, at: AT, stream: "stdout", text: "more", truncated: false });
    list.read({ entries, droppedLines: 0 });
  }
  assert.equal(list.rows.length, 10_101);
  assert.ok(looks() - before <= 500, `${looks() - before} looks at lines for 100 of them`);
});
