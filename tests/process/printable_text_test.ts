import assert from "node:assert/strict";
import fc from "fast-check";
import { hasControls, paintedText, printableText } from "../../src/process/printable_text.ts";
import { anyText } from "../helpers/hostile_strings.ts";

const CASES: [text: string, printable: string, painted?: string][] = [
  ["plain", "plain"],
  ["a\tb", "a\tb"],
  ["caf\u00e9 \u{1f41d} \u2028 \u00a0", "caf\u00e9 \u{1f41d} \u2028 \u00a0"],
  ["\u001b[31mred\u001b[0m", "red", "\u001b[31mred\u001b[0m"],
  ["\u001b[mx\u001b[1;38;5;200mx\u001b[4:3mx", "xxx", "\u001b[mx\u001b[1;38;5;200mx\u001b[4:3mx"],
  // What ends with an m and is no colour: keyboard modes.
  ["\u001b[>4;2mx\u001b[?4mx", "xx"],
  ["\u009b31mred", "red"],
  ["\u001b[2J\u001b[Hcleared\u001b[K", "cleared"],
  ["\u001b[31m\u001b[2K50 %", "50 %", "\u001b[31m50 %"],
  ["\u001b]0;title\u0007text", "text"],
  ["\u001b]8;;https://example.org\u001b\\link\u001b]8;;\u001b\\", "link"],
  ["\u001bPq#0;2;0;0;0#0~~@@\u001b\\sixel", "sixel"],
  ["\u001b_apc\u001b\\\u001b^pm\u001b\\\u001bXsos\u001b\\rest", "rest"],
  ["\u009d0;title\u009ctext", "text"],
  ["\u001b(B\u001b7\u001b=\u001bcreset", "reset"],
  ["bell\u0007 null\u0000 back\b c1\u0085 del\u007f", "bell null back c1 del"],
  ["a\u202egpj.exe\u2066 \u200e\u200f\u061c\u2069", "agpj.exe "],
  ["\u001b[31m\u202ered", "red", "\u001b[31mred"],
  ["unended \u001b]0;title", "unended 0;title"],
  ["broken off \u001b[31", "broken off "],
  ["broken off \u001b", "broken off "],
  // What is left must not become a sequence.
  ["\u001b\u001b[31m[2J", "[2J", "\u001b[31m[2J"],
  ["\u001b\u001b[K[2J", "[2J"],
  ["\u001b\u0000[2J", "[2J"],
];

Deno.test("printableText() removes what a terminal would obey, and keeps tabs", () => {
  for (const [text, printable] of CASES) {
    assert.equal(printableText(text), printable, JSON.stringify(text));
  }
});

Deno.test("paintedText() keeps colour and style beside it, and nothing else", () => {
  for (const [text, ...expected] of CASES) {
    assert.equal(paintedText(text), expected.at(-1), JSON.stringify(text));
  }
});

Deno.test("hasControls() is true of all that printableText() would change, line ends aside", () => {
  for (const [text, printable] of CASES) assert.equal(hasControls(text), text !== printable);
  assert.equal(hasControls("a\tb\nc"), false);
  assert.equal(hasControls("a\rb"), true);
});

/** Text in which sequences begin, go on and end in any order. */
const anyTerminalText = fc.array(
  fc.oneof(
    anyText(),
    fc.constantFrom(
      "\u001b",
      "\u001b[",
      "\u009b",
      "\u001b]",
      "\u001b\\",
      "31",
      ";",
      "m",
      "K",
      "\u0007",
    ),
  ),
  { maxLength: 20 },
).map((parts) => parts.join(""));

Deno.test("printableText() leaves no control character but tabs and line ends, whatever it is given", () => {
  fc.assert(
    fc.property(anyTerminalText, (text) => assert.equal(hasControls(printableText(text)), false)),
    { numRuns: 1000 },
  );
});

Deno.test("paintedText() leaves no control character but those of colours, whatever it is given", () => {
  // deno-lint-ignore no-control-regex -- what is left is looked at
  const colors = /\u001b\[[0-9;:]*m/g;
  fc.assert(
    fc.property(anyTerminalText, (text) => {
      const painted = paintedText(text);
      assert.equal(hasControls(painted.replace(colors, "")), false);
      assert.equal(painted.replace(colors, ""), printableText(text));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("printableText() takes time in proportion to the text, also where nothing ends", () => {
  const starts = [
    "\u001b[",
    "\u001b[1",
    "\u001b]",
    "\u009d",
    "\u0090",
    "\u001b",
    "\u001b(",
    "\u009b;",
  ];
  for (const start of starts) {
    assert.equal(hasControls(printableText(start.repeat(100_000))), false);
  }
});
