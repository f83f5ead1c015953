import assert from "node:assert/strict";
import { fixture, runCaptured, shell } from "../helpers/captured_child.ts";

Deno.test("captureOutput() cuts a line at 64 KiB, says so, and goes on", async () => {
  const { items } = await runCaptured(
    shell("head -c 70000 /dev/zero | tr '\\0' a; echo; echo next"),
  );
  assert.deepEqual(items, [
    { kind: "log", stream: "stdout", lines: ["a".repeat(65_536)], truncated: true },
    { kind: "log", stream: "stdout", lines: ["next"], truncated: false },
  ]);
});

interface Measured {
  exit: { code: number };
  lines: number;
  lastSeq: number;
  after: number;
  ordered: boolean;
  truncated: number;
  first: string;
  last: string;
  grownMiB: number;
}

async function measured(script: string): Promise<Measured> {
  const { exit, ...captured } = await runCaptured(fixture("capture_lines.ts", script));
  assert.equal(exit.code, 0, captured.items.map((item) => JSON.stringify(item)).join("\n"));
  const [item] = captured.items;
  assert.equal(item?.kind, "log");
  return JSON.parse(item.lines[0]!);
}

Deno.test("captureOutput() loses none of 10 million lines into a log whose reader stalls, in bounded memory", async () => {
  const { grownMiB, ...found } = await measured("seq 10000000; exit 0");
  assert.deepEqual(found, {
    exit: { code: 0, signal: null },
    lines: 10_000_000,
    lastSeq: 10_000_000,
    after: 0,
    ordered: true,
    truncated: 0,
    first: "1",
    last: "10000000",
  });
  assert.ok(grownMiB < 300, `it took ${grownMiB} MiB`);
});

Deno.test("captureOutput() holds no more of a line without an end than it gives", async () => {
  const { grownMiB, ...found } = await measured(
    "head -c 500M /dev/zero | tr '\\0' a; echo; echo 2",
  );
  assert.equal(found.lastSeq, 2);
  assert.equal(found.truncated, 1);
  assert.equal(found.first, "a".repeat(20));
  assert.equal(found.last, "2");
  assert.ok(grownMiB < 300, `it took ${grownMiB} MiB`);
});
