import assert from "node:assert/strict";
import fc from "fast-check";
import { ReadableLog } from "../../src/keeper/readable_log.ts";

const RECORD = {
  rbee: "narration",
  at: "2026-01-31T12:00:00.123Z",
  actor: "hive",
  action: "ready",
  human: "The hive is ready",
  level: "info",
};
const LOG = `${JSON.stringify(RECORD)}\nplain\n{"rbee":"narration"}\n\nlast`;

Deno.test("ReadableLog makes narration into text after its local time, and leaves the rest", () => {
  const log = new ReadableLog();
  const [first, ...others] = log.push(LOG).split("\n");
  assert.match(first!, /^2026-01-3[01] \d\d:\d\d:00 \[hive {6}\] ready {10}: The hive is ready$/);
  assert.deepEqual(others, ["plain", '{"rbee":"narration"}', "", ""]);
  assert.deepEqual([log.flush(), log.flush()], ["last", ""]);
});

Deno.test("ReadableLog gives the same however its text is cut", () => {
  const whole = new ReadableLog();
  const expected = whole.push(LOG) + whole.flush();
  fc.assert(fc.property(fc.array(fc.nat(LOG.length)), (cuts) => {
    const log = new ReadableLog();
    const ends = [...cuts.toSorted((a, b) => a - b), LOG.length];
    const shown = ends.map((end, index) => log.push(LOG.slice(ends[index - 1] ?? 0, end)));
    assert.equal(shown.join("") + log.flush(), expected);
  }));
});

Deno.test("ReadableLog leaves nothing that a terminal would obey", () => {
  const human = "one\x1b[2J\x9b1m";
  const log = new ReadableLog();
  const text = log.push(`${JSON.stringify({ ...RECORD, human })}\nplain\x1b[2J\x07\n`);
  assert.match(text, /: one\nplain\n$/);
});
