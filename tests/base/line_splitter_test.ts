import assert from "node:assert/strict";
import { type Line, LineSplitter } from "../../src/base/line_splitter.ts";
import { bytesOf } from "../helpers/bytes.ts";

function whole(...texts: string[]): Line[] {
  return texts.map((text) => ({ text, truncated: false, replaced: false }));
}

Deno.test("LineSplitter.push() returns the lines that a chunk completes, one by one", () => {
  const splitter = new LineSplitter();
  assert.deepEqual(splitter.push(bytesOf("one\ntwo\r\n\nthr")), whole("one", "two", ""));
  assert.deepEqual(splitter.push(bytesOf("ee\n")), whole("three"));
  assert.equal(splitter.flush(), undefined);
});

Deno.test("LineSplitter.push() tells the lines that a bare carriage return has ended", () => {
  const splitter = new LineSplitter();
  assert.deepEqual(splitter.push(bytesOf("10 %\r20 %\rdone\n")), [
    { text: "10 %", truncated: false, replaced: true },
    { text: "20 %", truncated: false, replaced: true },
    ...whole("done"),
  ]);
});

Deno.test("LineSplitter marks a line that is longer than its limit", () => {
  const splitter = new LineSplitter({ maxLineBytes: 5 });
  assert.deepEqual(splitter.push(bytesOf("abcdefgh\nabcde\n")), [
    { text: "abcde", truncated: true, replaced: false },
    ...whole("abcde"),
  ]);
});

Deno.test("LineSplitter.flush() returns what is left without a line end, once", () => {
  const splitter = new LineSplitter({ maxLineBytes: 5 });
  splitter.push(bytesOf("end"));
  assert.deepEqual(splitter.flush(), whole("end")[0]);
  assert.equal(splitter.flush(), undefined);
  splitter.push(bytesOf("too long"));
  assert.deepEqual(splitter.flush(), { text: "too l", truncated: true, replaced: false });
  assert.deepEqual(splitter.push(bytesOf("ok\n")), whole("ok"));
});
