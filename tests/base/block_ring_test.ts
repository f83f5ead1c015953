import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockRing } from "../../src/base/block_ring.ts";
import { bytesOf } from "../helpers/bytes.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Everything after `after` that the ring still has, read to the end. */
function readAll(ring: BlockRing, after = 0, maxBytes?: number) {
  let text = "";
  let missing = 0;
  for (;;) {
    const read = ring.read(after, maxBytes);
    if (read === undefined) return { text, missing, after };
    assert.equal(read.from, after + 1);
    assert.ok(read.to >= read.from);
    if (read.kind === "bytes") text += decoder.decode(read.bytes);
    else missing += read.to - read.from + 1;
    after = read.to;
  }
}

Deno.test("BlockRing starts empty", () => {
  const ring = new BlockRing();
  assert.equal(ring.last, 0);
  assert.equal(ring.first, 1);
  assert.equal(ring.bytes, 0);
  assert.equal(ring.read(0), undefined);
});

Deno.test("BlockRing.append() numbers entries from 1", () => {
  const ring = new BlockRing();
  assert.deepEqual(["a", "b", "c"].map((text) => ring.append(text)), [1, 2, 3]);
  assert.equal(ring.first, 1);
  assert.equal(ring.last, 3);
});

Deno.test("BlockRing.appendRun() adds as many entries as fit, at least one, from the index on", () => {
  const ring = new BlockRing();
  const texts = ["zero", "one", "two", "three", "four"];
  assert.deepEqual(ring.appendRun(texts, 1, 1000), { count: 4, characters: 15 });
  assert.deepEqual(ring.appendRun(texts, 0, 8), { count: 2, characters: 7 });
  assert.deepEqual(ring.appendRun(texts, 3, 0), { count: 1, characters: 5 });
  assert.deepEqual(readAll(ring), { text: "onetwothreefourzeroonethree", missing: 0, after: 7 });
  assert.deepEqual(ring.read(1, 1), { kind: "bytes", bytes: bytesOf("two"), from: 2, to: 2 });
});

Deno.test("BlockRing.appendRun() lays its entries out as append() does, whatever they are", () => {
  const anyTexts = fc.array(
    fc.tuple(
      fc.constantFrom("", "a", "é", "\u20ac", "\u{1f41d}", "\ud800", "line\n"),
      fc.oneof(fc.nat(20), fc.nat(4000), fc.nat(40_000)),
    ).map(([text, times]) => text.repeat(times)),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(anyTexts, fc.nat(200_000), (texts, maxBytes) => {
      const [one, other] = [new BlockRing({ maxBytes }), new BlockRing({ maxBytes })];
      for (let at = 0; at < texts.length;) {
        const { count, characters } = one.appendRun(texts, at, 100_000);
        assert.equal(characters, texts.slice(at, at + count).join("").length);
        at += count;
      }
      for (const text of texts) other.append(text);
      assert.deepEqual([one.first, one.last, one.bytes], [other.first, other.last, other.bytes]);
      for (let after = 0; after < texts.length; after++) {
        assert.deepEqual(one.read(after), other.read(after));
      }
    }),
  );
});

Deno.test("BlockRing.read() gives what comes after a number, back to back", () => {
  const ring = new BlockRing();
  for (const text of ["one ", "two ", "three"]) ring.append(text);
  assert.deepEqual(ring.read(1), { kind: "bytes", bytes: bytesOf("two three"), from: 2, to: 3 });
});

Deno.test("BlockRing.read() is undefined at the end and past it", () => {
  const ring = new BlockRing();
  ring.append("a");
  assert.equal(ring.read(1), undefined);
  assert.equal(ring.read(7), undefined);
});

Deno.test("BlockRing.read() gives as many whole entries as fit, and at least one", () => {
  const ring = new BlockRing();
  for (const text of ["aaaa", "bbbb", "cccc"]) ring.append(text);
  const lengths = [0, 1, 4, 7, 8, 11, 12, 100].map((maxBytes) => {
    const read = ring.read(0, maxBytes);
    assert.equal(read?.kind, "bytes");
    return read.bytes.length;
  });
  assert.deepEqual(lengths, [4, 4, 4, 4, 8, 8, 12, 12]);
});

Deno.test("BlockRing.read() gives views of the same memory to every reader", () => {
  const ring = new BlockRing();
  ring.append("shared");
  const [one, two] = [ring.read(0), ring.read(0)];
  assert.equal(one?.kind, "bytes");
  assert.equal(two?.kind, "bytes");
  assert.equal(one.bytes.buffer, two.bytes.buffer);
});

Deno.test("BlockRing keeps an entry that is larger than a block and larger than its limit", () => {
  const ring = new BlockRing({ maxBytes: 1000 });
  const large = "é".repeat(100_000);
  ring.append("small");
  ring.append(large);
  assert.deepEqual(readAll(ring), { text: large, missing: 1, after: 2 });
});

Deno.test("BlockRing keeps empty entries as entries", () => {
  const ring = new BlockRing();
  for (let i = 0; i < 1000; i++) ring.append("");
  assert.equal(ring.last, 1000);
  assert.deepEqual(readAll(ring), { text: "", missing: 0, after: 1000 });
});

Deno.test("BlockRing tells which entries are gone once its limit is passed", () => {
  const ring = new BlockRing({ maxBytes: 100_000 });
  const entry = "x".repeat(1000);
  for (let i = 0; i < 500; i++) ring.append(entry);
  assert.ok(ring.first > 1);
  assert.deepEqual(ring.read(0), { kind: "missing", from: 1, to: ring.first - 1 });
  assert.deepEqual(ring.read(5), { kind: "missing", from: 6, to: ring.first - 1 });
  const { text, missing } = readAll(ring);
  assert.equal(missing, ring.first - 1);
  assert.equal(text.length, (500 - missing) * 1000);
});

Deno.test("BlockRing leaves a view that is still held unchanged after its block was dropped", () => {
  const ring = new BlockRing({ maxBytes: 5000 });
  ring.append("the first entry");
  const held = ring.read(0);
  assert.equal(held?.kind, "bytes");
  for (let i = 0; i < 1000; i++) ring.append("y".repeat(500));
  assert.ok(ring.first > 1);
  assert.equal(decoder.decode(held.bytes), "the first entry");
});

Deno.test("BlockRing.clear() drops everything and numbers go on", () => {
  const ring = new BlockRing();
  ring.append("a");
  ring.append("b");
  ring.clear();
  assert.equal(ring.bytes, 0);
  assert.equal(ring.last, 2);
  assert.equal(ring.first, 3);
  assert.deepEqual(ring.read(0), { kind: "missing", from: 1, to: 2 });
  assert.equal(ring.append("c"), 3);
  assert.deepEqual(ring.read(2), { kind: "bytes", bytes: bytesOf("c"), from: 3, to: 3 });
});

Deno.test("BlockRing.trim() gives memory back and loses nothing", () => {
  const ring = new BlockRing();
  ring.append("short");
  const before = ring.bytes;
  ring.trim();
  assert.ok(ring.bytes < before / 10, `${ring.bytes} of ${before}`);
  assert.equal(readAll(ring).text, "short");
  ring.append(" and more");
  assert.equal(readAll(ring).text, "short and more");
});

Deno.test("BlockRing.trim() of an empty ring does nothing", () => {
  const ring = new BlockRing();
  ring.trim();
  assert.equal(ring.bytes, 0);
});

Deno.test("BlockRing stores lone surrogates as U+FFFD", () => {
  const ring = new BlockRing();
  ring.append("a\ud800b");
  assert.equal(readAll(ring).text, "a\ufffdb");
});

type Step =
  | { kind: "append"; text: string }
  | { kind: "read"; after: number; maxBytes: number }
  | { kind: "clear" }
  | { kind: "trim" };

const appendStep = fc.tuple(
  fc.constantFrom("", "a", "é", "\u20ac", "\u{1f41d}", "\ud800", "line\n"),
  fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 4000 })),
).map(([text, times]): Step => ({ kind: "append", text: text.repeat(times) }));
const readStep = fc.tuple(fc.double({ min: 0, max: 1.1, noNaN: true }), fc.nat(20_000))
  .map(([after, maxBytes]): Step => ({ kind: "read", after, maxBytes }));
const anyStep = fc.oneof(
  { weight: 20, arbitrary: appendStep },
  { weight: 20, arbitrary: readStep },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "clear" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "trim" }) },
);

Deno.test("BlockRing agrees with an array of strings, whatever is appended, read and dropped", () => {
  const LARGEST_BLOCK = 65_536 + 4 * (65_536 / 64);
  const run = (maxBytes: number, steps: readonly Step[]) => {
    const ring = new BlockRing({ maxBytes });
    const model: string[] = [];
    let cleared = 0;
    const held: { bytes: Uint8Array; copy: Uint8Array }[] = [];
    for (const step of steps) {
      if (step.kind === "append") {
        model.push(step.text);
        assert.equal(ring.append(step.text), model.length);
      } else if (step.kind === "clear") {
        ring.clear();
        cleared = model.length;
      } else if (step.kind === "trim") {
        ring.trim();
      } else {
        const after = Math.floor(step.after * model.length);
        const read = ring.read(after, step.maxBytes);
        if (after >= model.length) {
          assert.equal(read, undefined);
        } else if (after + 1 < ring.first) {
          assert.deepEqual(read, { kind: "missing", from: after + 1, to: ring.first - 1 });
        } else {
          assert.equal(read?.kind, "bytes");
          assert.equal(read.from, after + 1);
          assert.deepEqual(read.bytes, bytesOf(joined(model.slice(after, read.to))));
          assert.ok(read.bytes.length <= step.maxBytes || read.to === read.from);
          held.push({ bytes: read.bytes, copy: read.bytes.slice() });
        }
      }
      assert.equal(ring.last, model.length);
      assert.ok(ring.first > cleared && ring.first <= model.length + 1);
      assert.ok(ring.bytes <= Math.max(maxBytes, LARGEST_BLOCK), `${ring.bytes} bytes are held`);
    }
    const all = readAll(ring);
    assert.equal(all.missing, ring.first - 1);
    assert.equal(all.text, joined(model.slice(ring.first - 1)));
    for (const { bytes, copy } of held) assert.deepEqual(bytes, copy);
  };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200_000 }), fc.array(anyStep, { maxLength: 120 }), run),
    { numRuns: 150 },
  );
});

function joined(texts: readonly string[]): string {
  // Each entry is encoded by itself, so halves of a pair in two entries do not join.
  return texts.map((text) => text.toWellFormed()).join("");
}
