import assert from "node:assert/strict";
import { readTokenLine, type TokenInput } from "../../src/keeper/token_line.ts";

const signal = new AbortController().signal;

/** An input that gives these texts, one a read, and then ends, or waits for ever. */
function input(texts: readonly string[], options: { open?: boolean } = {}): TokenInput {
  const chunks = texts.map((text) => new TextEncoder().encode(text));
  return {
    read(buffer) {
      const chunk = chunks.shift();
      if (chunk === undefined) {
        return options.open ? Promise.withResolvers<number>().promise : Promise.resolve(null);
      }
      buffer.set(chunk.subarray(0, buffer.length));
      return Promise.resolve(Math.min(chunk.length, buffer.length));
    },
  };
}

Deno.test("readTokenLine() reads one line, with or without its end, in any pieces", async () => {
  const longest = "x".repeat(4096);
  for (
    const [texts, token] of [
      [["abc\n"], "abc"],
      [["abc\r\n"], "abc"],
      [["abc"], "abc"],
      [["a", "b", "c\n"], "abc"],
      [["abc\nmore\n"], "abc"],
      [[`${longest}\r\n`], longest],
      [["!~\n"], "!~"],
    ] as const
  ) assert.equal(await readTokenLine(input(texts), { signal }), token);
});

Deno.test("readTokenLine() does not wait for the end of an input that stays open", async () => {
  assert.equal(await readTokenLine(input(["abc\n"], { open: true }), { signal }), "abc");
});

Deno.test("readTokenLine() refuses what is no token, and does not repeat it", async () => {
  for (const text of ["", "\n", "a b\n", "a\tb\n", "ä\n", "a\0b\n", "x".repeat(4097), " abc\n"]) {
    await assert.rejects(readTokenLine(input([text]), { signal }), {
      code: "usage",
      message:
        "--token-stdin needs a token on standard input: one line of 1 to 4,096 visible ASCII characters",
    });
  }
});

Deno.test("readTokenLine() that waits ends with the reason of the signal", async () => {
  const abort = new AbortController();
  const reading = readTokenLine(input([], { open: true }), { signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(reading, /^Error: enough$/);
});
