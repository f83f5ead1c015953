import assert from "node:assert/strict";
import fc from "fast-check";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { formatNarrationJson } from "../../src/narration/json_format.ts";
import { formatNarrationText } from "../../src/narration/text_format.ts";
import { StreamCapture } from "../../src/process/stream_capture.ts";
import { anyRecord } from "../helpers/any_narration.ts";
import { bytesOf, cutAt } from "../helpers/bytes.ts";

const RECORD: NarrationRecord = {
  rbee: "narration",
  at: "2026-01-31T12:00:00.123Z",
  actor: "worker",
  action: "model_load",
  human: "Loading",
  level: "info",
};
const JSON_LINE = formatNarrationJson(RECORD);
const TEXT_LINE = formatNarrationText(RECORD);

type Item =
  | { record: NarrationRecord }
  | { lines: string[]; truncated: boolean; painted?: string[] };

/** What is captured of chunks that come one after the other at once. */
function capture(
  chunks: readonly (string | Uint8Array)[],
  options: { narration?: boolean; color?: boolean } = {},
): Item[] {
  const items: Item[] = [];
  const stream = new StreamCapture({
    narration: options.narration ?? false,
    color: options.color ?? false,
    onNarration: (record) => void items.push({ record }),
    onLines: (lines, truncated, painted) =>
      void items.push({ lines, truncated, ...(painted && { painted }) }),
  });
  for (const chunk of chunks) stream.push(typeof chunk === "string" ? bytesOf(chunk) : chunk);
  stream.end();
  return items;
}

/** The same line by line, narration by its sentence. */
function said(
  chunks: readonly (string | Uint8Array)[],
  options?: { narration?: boolean; color?: boolean },
): string[] {
  return capture(chunks, options).flatMap((item) =>
    "record" in item ? [`narration: ${item.record.human}`] : item.lines
  );
}

function plain(...lines: string[]): Item {
  return { lines, truncated: false };
}

Deno.test("StreamCapture gives the plain lines of a chunk together", () => {
  assert.deepEqual(capture(["one\ntwo\n\nthr", "ee\r\nfour\nend"]), [
    plain("one", "two", ""),
    plain("three", "four"),
    plain("end"),
  ]);
});

Deno.test("StreamCapture gives narration and the lines around it in their order", () => {
  const text = `a\nb\n${JSON_LINE}\n${JSON_LINE}\nc\n{"rbee":"narration"}\n[x] d\n`;
  const { at: _, ...rest } = RECORD;
  assert.deepEqual(capture([text], { narration: true }), [
    plain("a", "b"),
    { record: { at: RECORD.at, ...rest } },
    { record: RECORD },
    plain("c", '{"rbee":"narration"}', "[x] d"),
  ]);
  assert.deepEqual(said([`${TEXT_LINE}\r\n`], { narration: true }), ["narration: Loading"]);
});

Deno.test("StreamCapture takes nothing for narration unless it is told to", () => {
  for (const line of [JSON_LINE, TEXT_LINE]) {
    assert.deepEqual(capture([`${line}\n`]), [plain(line)]);
    assert.deepEqual(said([`${line}\r${line}\n`, line]), [line, line]);
  }
});

Deno.test("StreamCapture reads no narration out of a line that was cut", () => {
  const long = formatNarrationText({ ...RECORD, human: "x".repeat(70_000) });
  assert.deepEqual(capture([`${long}\n`], { narration: true }), [
    { lines: [long.slice(0, 65_536)], truncated: true },
  ]);
});

Deno.test("StreamCapture gives a cut line by itself", () => {
  assert.deepEqual(capture([`a\n${"b".repeat(65_537)}\nc\nd\n`]), [
    plain("a"),
    { lines: ["b".repeat(65_536)], truncated: true },
    plain("c", "d"),
  ]);
});

Deno.test("StreamCapture cleans only what needs it", () => {
  const text = "a\tb\n\u001b[31mred\u001b[0m\nnull\u0000\u0007\n\u001b]0;t\u0007x\n";
  assert.deepEqual(capture([text]), [plain("a\tb", "red", "null", "x")]);
});

Deno.test("StreamCapture gives the colours beside the lines when it is told to", () => {
  const red = "\u001b[31mred\u001b[0m";
  assert.deepEqual(
    capture([`a\n${red}\nb\u0007\n`, "c\n\u001b[2Kd\n", `${red}`], { color: true }),
    [
      { ...plain("a", "red", "b"), painted: ["a", red, "b"] },
      plain("c", "d"),
      { ...plain("red"), painted: [red] },
    ],
  );
  const [cut] = capture([red + "x".repeat(65_536)], { color: true });
  assert.ok(cut !== undefined && "lines" in cut && cut.truncated);
  assert.ok(cut.painted?.[0]?.startsWith(`${red}xxx`));
});

Deno.test("StreamCapture gives of a progress line that is read at once how it ended", () => {
  assert.deepEqual(said(["10 %\r20 %\r30 %\r", "40 %\rdone\nnext\n"]), ["done", "next"]);
  assert.deepEqual(said(["\r10 %", "\r20 %", "\r100 %\n"]), ["100 %"]);
  assert.deepEqual(said(["10 %\r20 %\r"]), ["20 %"]);
  assert.deepEqual(said(["10 %\r", "20 %\r", "20 %\r\n"]), ["20 %"]);
  assert.deepEqual(said(["50 %\r100 %\r\r\n"]), ["100 %"]);
  assert.deepEqual(said(["50 %\r", "\u001b[K100 %\r", "\u001b[2K\r    \r\n"]), ["100 %"]);
  assert.deepEqual(said(["\r\r\n", "\r\r"]), [""]);
  assert.deepEqual(said(["whole\r\r"]), ["whole"]);
});

Deno.test("StreamCapture holds no more of a progress line than its last update", () => {
  const bar = "=".repeat(60_000);
  const chunks = Array.from({ length: 50 }, (_, i) => `\r${bar}${i}`);
  const items = capture([...chunks, "\n"]);
  assert.equal(items.filter((item) => "lines" in item && item.truncated).length, 0);
  assert.deepEqual(items.at(-1), plain(`${bar}49`));
  assert.deepEqual(said(["x".repeat(70_000) + "\r", "short\n"]).at(-1), "short");
});

Deno.test("StreamCapture marks an update that is too long for a line", () => {
  const items = capture([`\r${"x".repeat(70_000)}`, "\n"]);
  assert.deepEqual(items, [{ lines: ["x".repeat(65_536)], truncated: true }]);
});

Deno.test("StreamCapture never takes narration for progress", () => {
  for (const line of [JSON_LINE, TEXT_LINE, `\u001b[36m${TEXT_LINE}\u001b[0m`]) {
    const narrated = "narration: Loading";
    const check = (chunks: string[], expected: string[]) =>
      assert.deepEqual(said(chunks, { narration: true }), expected, JSON.stringify(chunks));
    check([`10 %\r20 %\r${line}\n`], ["20 %", narrated]);
    check(["10 %\r", `${line}\n`, "30 %\r"], ["10 %", narrated, "30 %"]);
    check([`${line}\r${line}\r10 %\r${line}\r`], [narrated, narrated, "10 %", narrated]);
    check([`${line}\r`, "\n"], [narrated]);
    check([`${line}\r`, `${line}\r\n`], [narrated, narrated]);
    check([`\r${line}`, "\nnext\n"], [narrated, "next"]);
  }
});

Deno.test("StreamCapture goes through many lines after an update that narration left to be shown", () => {
  const narrated = `${TEXT_LINE}\n`.repeat(20_000);
  const chunk = `0 %\r${TEXT_LINE}\n1 %\r${narrated}last\nend\n`;
  const lines = said([chunk], { narration: true });
  // With enough time after the one before, it is shown.
  const others = lines.filter((line) => line !== "1 %");
  assert.equal(others.length, 20_004);
  assert.deepEqual([others[0], ...others.slice(-2)], ["0 %", "last", "end"]);
});

/** Lines that are no narration, and what is captured of them. */
const anyLine = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.string({ maxLength: 20 }).map((text): [string, string] => [text, text]),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<[string, string]>(
      ["\u001b[31mred\u001b[0m", "red"],
      ["caf\u00e9 \u{1f41d}\u0000", "caf\u00e9 \u{1f41d}"],
      ["", ""],
      ["[bracket] text", "[bracket] text"],
    ),
  },
);

Deno.test("StreamCapture loses, doubles and reorders nothing, wherever the bytes are cut", () => {
  const anyOf = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: anyLine },
      {
        weight: 1,
        arbitrary: anyRecord().map((record): [string, string] => {
          const line = formatNarrationJson({ ...record, human: "said" });
          return [line, "narration: said"];
        }),
      },
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(anyOf, fc.array(fc.nat(2000)), fc.boolean(), (lines, places, crlf) => {
      const bytes = bytesOf(lines.map(([line]) => line + (crlf ? "\r\n" : "\n")).join(""));
      const captured = said(cutAt(bytes, places), { narration: true, color: true });
      assert.deepEqual(captured, lines.map(([, captured]) => captured));
    }),
    { numRuns: 500 },
  );
});

Deno.test("StreamCapture gives of every line, however often it was written over, the last state last and once", () => {
  const anyLines = fc.array(
    fc.record({
      updates: fc.nat(6),
      style: fc.constantFrom("after", "before"),
      end: fc.constantFrom("\n", "\r\n", "\r\r\n", "\r\u001b[K\n"),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(anyLines, fc.array(fc.nat(300)), (lines, places) => {
      const text = lines.map(({ updates, style, end }, i) =>
        Array.from({ length: updates + 1 }, (_, j) => `${i}.${j}`)
          .map((update) => style === "before" ? `\r${update}` : update)
          .join(style === "before" ? "" : "\r") + end
      ).join("");
      const captured = said(cutAt(bytesOf(text), places));
      const order = (item: string) => Number(item.split(".")[0]) * 100 + Number(item.split(".")[1]);
      assert.deepEqual(captured, [...new Set(captured)].sort((a, b) => order(a) - order(b)));
      const last = lines.map(({ updates }, i) => `${i}.${updates}`);
      assert.deepEqual(captured.filter((item) => last.includes(item)), last);
    }),
    { numRuns: 1000 },
  );
});
