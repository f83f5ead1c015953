import assert from "node:assert/strict";
import fc from "fast-check";
import { type Line, LineSplitter } from "../../src/base/line_splitter.ts";
import { bytesOf, cutAt } from "../helpers/bytes.ts";

function split(chunks: readonly Uint8Array[], options?: { maxLineBytes?: number }): Line[] {
  const splitter = new LineSplitter(options);
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  const rest = splitter.flush();
  return rest === undefined ? lines : [...lines, rest];
}

function whole(...texts: string[]): Line[] {
  return texts.map((text) => ({ text, truncated: false }));
}

Deno.test("LineSplitter.push() returns the lines that a chunk completes", () => {
  const splitter = new LineSplitter();
  assert.deepEqual(splitter.push(bytesOf("one\ntwo\nthr")), whole("one", "two"));
  assert.deepEqual(splitter.push(bytesOf("ee\n")), whole("three"));
  assert.equal(splitter.flush(), undefined);
});

Deno.test("LineSplitter.push() keeps empty lines", () => {
  assert.deepEqual(split([bytesOf("\n\na\n\n")]), whole("", "", "a", ""));
});

Deno.test("LineSplitter.push() of no bytes gives no line", () => {
  assert.deepEqual(split([new Uint8Array(), bytesOf("a"), new Uint8Array()]), whole("a"));
});

Deno.test("LineSplitter.push() drops a carriage return before the line end and no other", () => {
  assert.deepEqual(split([bytesOf("a\r\nb\rc\r\r\n\r\n")]), whole("a", "b\rc\r", ""));
});

Deno.test("LineSplitter.push() drops a carriage return that came in the chunk before", () => {
  assert.deepEqual(split([bytesOf("a\r"), bytesOf("\nb\n")]), whole("a", "b"));
});

Deno.test("LineSplitter.push() keeps a character split between chunks whole", () => {
  const bytes = bytesOf("\u{1f41d}\n");
  for (let at = 1; at < 4; at++) {
    assert.deepEqual(split(cutAt(bytes, [at])), whole("\u{1f41d}"), `cut before byte ${at}`);
  }
});

Deno.test("LineSplitter.push() makes U+FFFD of invalid bytes and goes on", () => {
  const bytes = Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82, 0x0a, 0x63, 0x0a);
  assert.deepEqual(split([bytes]), whole("a\ufffdb", "\ufffd", "c"));
});

Deno.test("LineSplitter.push() keeps NUL, U+2028 and a byte order mark", () => {
  assert.deepEqual(
    split([bytesOf("\ufeffa\u0000b\u2028c\n\ufeff\n")]),
    whole("\ufeffa\u0000b\u2028c", "\ufeff"),
  );
});

Deno.test("LineSplitter.push() keeps no view of the chunk", () => {
  const splitter = new LineSplitter();
  const chunk = bytesOf("held");
  splitter.push(chunk);
  chunk.fill(0x78);
  assert.deepEqual(splitter.push(bytesOf("\n")), whole("held"));
});

Deno.test("LineSplitter.flush() returns what is left without a line end, once", () => {
  const splitter = new LineSplitter();
  splitter.push(bytesOf("no end"));
  assert.deepEqual(splitter.flush(), { text: "no end", truncated: false });
  assert.equal(splitter.flush(), undefined);
});

Deno.test("LineSplitter can be used again after flush()", () => {
  const splitter = new LineSplitter({ maxLineBytes: 4 });
  splitter.push(bytesOf("too long"));
  assert.deepEqual(splitter.flush(), { text: "too ", truncated: true });
  assert.deepEqual(splitter.push(bytesOf("ok\n")), whole("ok"));
});

Deno.test("LineSplitter cuts a longer line at the limit, marks it, and drops its rest", () => {
  const lines = split([bytesOf("abcdefgh"), bytesOf("ijkl\nnext\n")], { maxLineBytes: 5 });
  assert.deepEqual(lines, [{ text: "abcde", truncated: true }, { text: "next", truncated: false }]);
});

Deno.test("LineSplitter leaves a line of exactly the limit whole, with either line end", () => {
  for (const end of ["\n", "\r\n", ""]) {
    const bytes = bytesOf(`abcde${end}`);
    for (let at = 0; at < bytes.length; at++) {
      assert.deepEqual(split(cutAt(bytes, [at]), { maxLineBytes: 5 }), whole("abcde"));
    }
  }
});

Deno.test("LineSplitter keeps a carriage return at the limit that the line goes on after", () => {
  assert.deepEqual(split([bytesOf("abcd\rxyz\n")], { maxLineBytes: 5 }), [
    { text: "abcd\r", truncated: true },
  ]);
});

Deno.test("LineSplitter has a limit of 64 KiB unless told otherwise", () => {
  const [fits, cut] = split([bytesOf(`${"a".repeat(65_536)}\n${"b".repeat(65_537)}\n`)]);
  assert.deepEqual(fits, { text: "a".repeat(65_536), truncated: false });
  assert.deepEqual(cut, { text: "b".repeat(65_536), truncated: true });
});

Deno.test("LineSplitter never cuts within a character", () => {
  for (const character of ["é", "€", "\u{1f41d}"]) {
    const length = bytesOf(character).length;
    for (let limit = 1; limit <= 12; limit++) {
      const [line] = split([bytesOf(character.repeat(20) + "\n")], { maxLineBytes: limit });
      const expected = character.repeat(Math.floor(limit / length));
      assert.deepEqual(line, { text: expected, truncated: true }, `${character} at ${limit}`);
    }
  }
});

Deno.test("LineSplitter gives the same lines at every split point", () => {
  const bytes = bytesOf(
    "plain\nb\u00e9\u20ac\u{1f41d}\r\n\r\n\u0000\u2028\n" + "x".repeat(30) + "\nend",
  );
  const options = { maxLineBytes: 16 };
  const expected = split([bytes], options);
  assert.equal(expected.length, 6);
  for (let one = 0; one <= bytes.length; one++) {
    for (let two = one; two <= bytes.length; two++) {
      assert.deepEqual(split(cutAt(bytes, [one, two]), options), expected, `${one}, ${two}`);
    }
  }
});

Deno.test("LineSplitter gives the same lines for any bytes however they are cut", () => {
  const anyBytes = fc.array(
    fc.oneof(
      fc.constantFrom(10, 13, 0x61, 0xc3, 0xa9, 0xf0, 0x9f),
      fc.integer({ max: 255, min: 0 }),
    ),
    { maxLength: 80 },
  ).map((codes) => Uint8Array.from(codes));
  fc.assert(
    fc.property(
      anyBytes,
      fc.array(fc.nat(80)),
      fc.integer({ min: 1, max: 40 }),
      (bytes, places, maxLineBytes) => {
        const cut = split(cutAt(bytes, places), { maxLineBytes });
        assert.deepEqual(cut, split([bytes], { maxLineBytes }));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("LineSplitter gives back any lines that were joined with line ends", () => {
  const anyLine = fc.string({ unit: "binary", maxLength: 30 }).map((text) =>
    text.replaceAll(/[\r\n]/g, "")
  );
  const anyEnd = fc.constantFrom("\n", "\r\n");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyLine, anyEnd), { maxLength: 10 }),
      fc.array(fc.nat(300)),
      (lines, places) => {
        const bytes = bytesOf(lines.map(([text, end]) => text + end).join(""));
        assert.deepEqual(split(cutAt(bytes, places)), whole(...lines.map(([text]) => text)));
      },
    ),
  );
});
