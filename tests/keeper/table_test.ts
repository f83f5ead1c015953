import assert from "node:assert/strict";
import { formatTable } from "../../src/keeper/table.ts";

Deno.test("formatTable() makes each column as wide as its widest cell, two spaces apart", () => {
  assert.deepEqual(
    formatTable(["MODEL", "STATE"], [["bee-tiny", "ready"], ["x", "failed"]]),
    [
      "MODEL     STATE",
      "bee-tiny  ready",
      "x         failed",
    ],
  );
});

Deno.test("formatTable() shows the head of a table without rows", () => {
  assert.deepEqual(formatTable(["HIVE", "URL"], []), ["HIVE  URL"]);
});

Deno.test("formatTable() leaves no space at the end of a line", () => {
  const lines = formatTable(["A", "B", "C"], [["one", "", ""], ["1", "two", ""]]);
  assert.deepEqual(lines, ["A    B    C", "one", "1    two"]);
});

Deno.test("formatTable() never cuts a cell and keeps the columns in line", () => {
  const long = "x".repeat(300);
  const [head, first, second] = formatTable(["A", "B"], [[long, "1"], ["y", "2"]]);
  assert.equal(first, `${long}  1`);
  assert.equal(head!.indexOf("B"), 302);
  assert.equal(second!.indexOf("2"), 302);
});

Deno.test("formatTable() takes a row that is shorter than the head", () => {
  assert.deepEqual(formatTable(["A", "B"], [["one"]]), ["A    B", "one"]);
});

Deno.test("formatTable() leaves no control character in a cell, and no second line", () => {
  const lines = formatTable(["A", "B"], [["a\nb\x1b[2J\x9b1m\t", "1"], ["y", "2"]]);
  assert.deepEqual(lines, ["A           B", "a b [2J 1m  1", "y           2"]);
});

Deno.test("formatTable() counts the columns of a cell, not its characters", () => {
  assert.deepEqual(formatTable(["A", "B"], [["模型", "1"], ["y", "2"]]), [
    "A     B",
    "模型  1",
    "y     2",
  ]);
});
