import assert from "node:assert/strict";
import fc from "fast-check";
import { cutText, singleLine } from "../../src/base/single_line.ts";
import { anyText } from "../helpers/hostile_strings.ts";

Deno.test("singleLine() leaves a clean line as it is", () => {
  for (const text of ["", "Starting hive", "  indented", "caf\u00e9 \u{1f41d}"]) {
    assert.equal(singleLine(text), text);
  }
});

Deno.test("singleLine() makes one space of each run of line ends and control characters", () => {
  assert.equal(singleLine("one\r\n\r\ntwo\tthree\u2028four\u0085five"), "one two three four five");
});

Deno.test("singleLine() leaves nothing that a terminal obeys", () => {
  assert.equal(singleLine("\u001b[2Jgone\u0007\u009b1m\u0000"), "[2Jgone 1m");
});

Deno.test("singleLine() takes out what would have other text read backwards", () => {
  assert.equal(singleLine("a\u202egpj.exe\u2066\u200f\u061c b"), "agpj.exe b");
});

Deno.test("singleLine() makes U+FFFD of lone surrogates", () => {
  assert.equal(singleLine("a\ud800b"), "a\ufffdb");
});

Deno.test("singleLine() gives well-formed text without any control character, for any text", () => {
  fc.assert(fc.property(anyText(), (text) => {
    const line = singleLine(text);
    assert.ok(line.isWellFormed());
    assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
    assert.equal(singleLine(line), line);
  }));
});

Deno.test("cutText() leaves a text within the limit as it is", () => {
  assert.equal(cutText("12345", 5), "12345");
  assert.equal(cutText("", 0), "");
});

Deno.test("cutText() says how long the text was", () => {
  assert.equal(cutText("x".repeat(1000), 30), `${"x".repeat(7)} [cut: 1000 characters]`);
});

Deno.test("cutText() gives no more than the limit, the mark included", () => {
  for (let limit = 30; limit < 200; limit++) {
    assert.equal(cutText("x".repeat(1000), limit).length, limit);
  }
});

Deno.test("cutText() of what it has cut changes nothing", () => {
  const cut = cutText("x".repeat(1000), 100);
  assert.equal(cutText(cut, 100), cut);
});

Deno.test("cutText() never splits a surrogate pair", () => {
  const bees = "\u{1f41d}".repeat(500);
  for (let limit = 24; limit < 60; limit++) {
    const cut = cutText(bees, limit);
    assert.ok(cut.isWellFormed());
    assert.match(cut, /^(\u{1f41d})* \[cut: 1000 characters\]$/u);
    assert.ok(cut.length >= limit - 1 && cut.length <= limit);
  }
});
