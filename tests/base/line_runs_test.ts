import assert from "node:assert/strict";
import fc from "fast-check";
import { LineRuns } from "../../src/base/line_runs.ts";
import { bytesOf, cutAt } from "../helpers/bytes.ts";

/** A line by itself: its text, what ended it, and whether it was cut. */
type Single = [text: string, end: "\n" | "\r", truncated?: "cut"];

function split(chunks: readonly Uint8Array[], options?: { maxLineBytes?: number }): Single[] {
  const runs = new LineRuns(options);
  const found = chunks.flatMap((chunk) => runs.push(chunk));
  const rest = runs.flush();
  if (rest !== undefined) found.push(rest);
  return found.flatMap(({ text, end, truncated }) => {
    if (truncated) return [[text, end, "cut"] as Single];
    return text.split(end).map((line): Single => [line, end]);
  });
}

function whole(...texts: string[]): Single[] {
  return texts.map((text) => [text, "\n"]);
}

/** The same said byte by byte. */
function model(bytes: Uint8Array, maxLineBytes: number): Single[] {
  const lines: Single[] = [];
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let from = 0;
  const take = (to: number, end: "\n" | "\r") => {
    let line = bytes.subarray(from, to);
    if (line.length <= maxLineBytes) return void lines.push([decoder.decode(line), end]);
    line = line.subarray(0, maxLineBytes);
    // A decoder that waits for more says which bytes are a character's begin.
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(line, { stream: true });
    lines.push([text, end, "cut"]);
  };
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 13) {
      const last = at + 1 === bytes.length;
      const newline = bytes[at + 1] === 10;
      if (!last || at > from) take(at, newline || last ? "\n" : "\r");
      if (newline) at++;
      from = at + 1;
    } else if (bytes[at] === 10) {
      take(at, "\n");
      from = at + 1;
    }
  }
  if (from < bytes.length) take(bytes.length, "\n");
  return lines;
}

Deno.test("LineRuns.push() gives the whole lines of a chunk as one text", () => {
  const runs = new LineRuns();
  assert.deepEqual(runs.push(bytesOf("one\ntwo\n\nthr")), [
    { text: "one\ntwo\n", end: "\n", truncated: false },
  ]);
  assert.deepEqual(runs.push(bytesOf("ee\nfour\r\nfive\n")), [
    { text: "three\nfour\nfive", end: "\n", truncated: false },
  ]);
  assert.equal(runs.flush(), undefined);
});

Deno.test("LineRuns.push() gives what is written over as one text, and cut lines by themselves", () => {
  const runs = new LineRuns({ maxLineBytes: 5 });
  assert.deepEqual(runs.push(bytesOf("a\nb\r\rc\rd\ntoo long\ne\nx")), [
    { text: "a", end: "\n", truncated: false },
    { text: "b\r\rc", end: "\r", truncated: false },
    { text: "d", end: "\n", truncated: false },
    { text: "too l", end: "\n", truncated: true },
    { text: "e", end: "\n", truncated: false },
  ]);
});

Deno.test("LineRuns.push() keeps empty lines", () => {
  assert.deepEqual(split([bytesOf("\n\na\n\n")]), whole("", "", "a", ""));
});

Deno.test("LineRuns.push() of no bytes gives no line", () => {
  assert.deepEqual(split([new Uint8Array(), bytesOf("a"), new Uint8Array()]), whole("a"));
  const runs = new LineRuns();
  runs.push(bytesOf("a\r"));
  assert.deepEqual(runs.push(new Uint8Array()), []);
  assert.deepEqual(runs.push(bytesOf("\n")), [{ text: "a", end: "\n", truncated: false }]);
});

Deno.test("LineRuns takes a carriage return before the line end for a part of it, and no other", () => {
  assert.deepEqual(split([bytesOf("a\r\nb\rc\r\r\n\r\n")]), [
    ["a", "\n"],
    ["b", "\r"],
    ["c", "\r"],
    ["", "\n"],
    ["", "\n"],
  ]);
});

Deno.test("LineRuns waits for the byte after a carriage return", () => {
  const runs = new LineRuns();
  assert.deepEqual(runs.push(bytesOf("a\r")), []);
  assert.equal(runs.hasReturned, true);
  assert.deepEqual(runs.push(bytesOf("\nb\r")), [{ text: "a", end: "\n", truncated: false }]);
  assert.deepEqual(runs.push(bytesOf("c")), [{ text: "b", end: "\r", truncated: false }]);
  assert.equal(runs.hasReturned, false);
  assert.deepEqual(runs.flush(), { text: "c", end: "\n", truncated: false });
});

Deno.test("LineRuns.rest tells what has come of a line, without half a character", () => {
  const runs = new LineRuns({ maxLineBytes: 5 });
  assert.equal(runs.hasRest, false);
  runs.push(bytesOf("line\nhé").subarray(0, 7));
  assert.equal(runs.hasRest, true);
  assert.deepEqual(runs.rest, { text: "h", truncated: false });
  runs.push(bytesOf("é").subarray(1));
  assert.deepEqual(runs.rest, { text: "hé", truncated: false });
  runs.push(bytesOf("abcdef"));
  assert.deepEqual(runs.rest, { text: "héab", truncated: true });
  runs.push(bytesOf("\n"));
  assert.equal(runs.hasRest, false);
});

Deno.test("LineRuns keeps a character split between chunks whole", () => {
  const bytes = bytesOf("\u{1f41d}\n");
  for (let at = 1; at < 4; at++) {
    assert.deepEqual(split(cutAt(bytes, [at])), whole("\u{1f41d}"), `cut before byte ${at}`);
  }
});

Deno.test("LineRuns makes U+FFFD of invalid bytes, and the next line is none the worse", () => {
  const bytes = Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82, 0x0a, 0xa9, 0x63, 0x0a);
  const expected = whole("a\ufffdb", "\ufffd", "\ufffdc");
  assert.deepEqual(split([bytes]), expected);
  for (let at = 1; at < bytes.length; at++) assert.deepEqual(split(cutAt(bytes, [at])), expected);
});

Deno.test("LineRuns keeps NUL, U+2028 and a byte order mark", () => {
  const text = "\ufeffa\u0000b\u2028c";
  assert.deepEqual(split([bytesOf(`${text}\n\ufeff\n`)]), whole(text, "\ufeff"));
});

Deno.test("LineRuns keeps no view of the chunk", () => {
  const runs = new LineRuns();
  const chunk = bytesOf("held");
  runs.push(chunk);
  chunk.fill(0x78);
  assert.deepEqual(runs.push(bytesOf("\n")), [{ text: "held", end: "\n", truncated: false }]);
});

Deno.test("LineRuns.flush() returns what is left without a line end, once", () => {
  const runs = new LineRuns();
  runs.push(bytesOf("no end"));
  assert.deepEqual(runs.flush(), { text: "no end", end: "\n", truncated: false });
  assert.equal(runs.flush(), undefined);
  runs.push(bytesOf("\r"));
  assert.equal(runs.flush(), undefined);
  assert.deepEqual(runs.push(bytesOf("\n")), [{ text: "", end: "\n", truncated: false }]);
});

Deno.test("LineRuns can be used again after flush()", () => {
  const runs = new LineRuns({ maxLineBytes: 4 });
  runs.push(bytesOf("too long"));
  assert.deepEqual(runs.flush(), { text: "too ", end: "\n", truncated: true });
  assert.deepEqual(runs.push(bytesOf("ok\n")), [{ text: "ok", end: "\n", truncated: false }]);
});

Deno.test("LineRuns cuts a longer line at the limit, marks it, and drops its rest", () => {
  const lines = split([bytesOf("abcdefgh"), bytesOf("ijkl\nnext\n")], { maxLineBytes: 5 });
  assert.deepEqual(lines, [["abcde", "\n", "cut"], ["next", "\n"]]);
});

Deno.test("LineRuns leaves a line of exactly the limit whole, with any end", () => {
  for (const end of ["\n", "\r\n", "\r", ""]) {
    const bytes = bytesOf(`abcde${end}`);
    for (let at = 0; at < bytes.length; at++) {
      assert.deepEqual(split(cutAt(bytes, [at]), { maxLineBytes: 5 }), whole("abcde"));
    }
  }
});

Deno.test("LineRuns counts the limit from the last carriage return", () => {
  const bytes = bytesOf("abcde\rfghij\rklmnop\rq\n");
  for (let at = 0; at < bytes.length; at++) {
    assert.deepEqual(split(cutAt(bytes, [at]), { maxLineBytes: 5 }), [
      ["abcde", "\r"],
      ["fghij", "\r"],
      ["klmno", "\r", "cut"],
      ["q", "\n"],
    ]);
  }
});

Deno.test("LineRuns has a limit of 64 KiB unless told otherwise", () => {
  const bytes = bytesOf(`${"a".repeat(65_536)}\n${"b".repeat(65_537)}\nc\n`);
  for (const places of [[], [65_536], [1, 65_537, 100_000]]) {
    assert.deepEqual(split(cutAt(bytes, places)), [
      ["a".repeat(65_536), "\n"],
      ["b".repeat(65_536), "\n", "cut"],
      ["c", "\n"],
    ]);
  }
});

Deno.test("LineRuns never cuts within a character", () => {
  for (const character of ["é", "€", "\u{1f41d}"]) {
    const length = bytesOf(character).length;
    for (let limit = 1; limit <= 12; limit++) {
      const [line] = split([bytesOf(character.repeat(20) + "\n")], { maxLineBytes: limit });
      const expected = character.repeat(Math.floor(limit / length));
      assert.deepEqual(line, [expected, "\n", "cut"], `${character} at ${limit}`);
    }
  }
});

Deno.test("LineRuns gives the same lines at every split point", () => {
  const text = "plain\nb\u00e9\u20ac\u{1f41d}\r\n\r\n10%\r\r20%\r\n\u0000\u2028\n" + "x".repeat(30);
  const bytes = bytesOf(`${text}\nend\r`);
  const expected = model(bytes, 16);
  assert.equal(expected.length, 9);
  for (let one = 0; one <= bytes.length; one++) {
    for (let two = one; two <= bytes.length; two++) {
      const lines = split(cutAt(bytes, [one, two]), { maxLineBytes: 16 });
      assert.deepEqual(lines, expected, `${one}, ${two}`);
    }
  }
});

Deno.test("LineRuns agrees with the model, whatever bytes come, wherever they are cut", () => {
  const anyBytes = fc.array(
    fc.oneof(
      fc.constantFrom(...["\n", "\r", "\r\n", "a", "line", "é", "€", "\u{1f41d}"].map(bytesOf)),
      fc.uint8Array({ maxLength: 3 }),
      fc.nat(20).map((length) => bytesOf("x".repeat(length))),
    ),
    { maxLength: 60 },
  ).map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
  fc.assert(
    fc.property(
      anyBytes,
      fc.array(fc.nat(400), { maxLength: 12 }),
      fc.oneof(fc.integer({ min: 4, max: 40 }), fc.constant(65_536)),
      (bytes, places, maxLineBytes) => {
        const lines = split(cutAt(bytes, places), { maxLineBytes });
        assert.deepEqual(lines, model(bytes, maxLineBytes));
      },
    ),
    { numRuns: 2000 },
  );
});
