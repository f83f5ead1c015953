import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { KeyInput } from "../../../src/keeper/chat/key_input.ts";

/** What a KeyInput makes of chunks, in order: texts as they are, other keys by their names. */
function read(...chunks: string[]): (string | { key: string })[] {
  const seen: (string | { key: string })[] = [];
  const stdin = new PassThrough();
  using _input = new KeyInput(stdin, {
    onText: (text) => seen.push(text),
    onKey: (_text, { ctrl, name, sequence }) =>
      seen.push({ key: `${ctrl ? "ctrl-" : ""}${name ?? sequence}` }),
  });
  for (const chunk of chunks) stdin.emit("data", new TextEncoder().encode(chunk));
  return seen;
}

const key = (name: string) => ({ key: name });
const RETURN = key("return");

const CASES: [string, string[], (string | { key: string })[]][] = [
  ["letters that come at once as one text", ["hello, wörld 😀"], ["hello, wörld 😀"]],
  ["a letter by itself as a text", ["h", "i"], ["h", "i"]],
  ["keys in their place between texts", ["one\rtwo\x03"], ["one", RETURN, "two", key("ctrl-c")]],
  ["an arrow as a key", ["a\x1b[Ab"], ["a", key("up"), "b"]],
  ["a tab at the end as a key, and another as text", ["a\tb\t"], ["a\tb", key("tab")]],
  ["a tab by itself as a key", ["\t"], [key("tab")]],
  ["lines that were typed at once one after the other", ["a\rb\r"], ["a", RETURN, "b", RETURN]],
  ["what was pasted as one text", ["\x1b[200~a\rb\nc\r\nd\x1b[201~\r"], ["a\nb\nc\nd", RETURN]],
  ["a paste that comes in pieces", ["x\x1b[200~a\r", "b", "\x1b[20", "1~y"], ["x", "a\nb", "y"]],
  ["line ends of a paste that are cut in two", ["\x1b[200~a\r", "\nb\x1b[201~"], ["a\nb"]],
  [
    "no control characters of a paste but tabs",
    ["\x1b[200~\ta\x00\x07\x1b[A\x9b1mb\x03\x1b[201~"],
    [
      "\tab",
    ],
  ],
  ["marks of a paste that are cut in two", ["x\x1b[", "200~a\x1b", "[201~y"], ["x", "a", "y"]],
  ["an empty paste as nothing", ["\x1b[200~\x1b[201~"], []],
];

for (const [what, chunks, expected] of CASES) {
  Deno.test(`KeyInput gives ${what}`, () => {
    assert.deepEqual(read(...chunks), expected);
  });
}

Deno.test("KeyInput gives nothing after it was disposed, also of the same chunk", () => {
  const seen: string[] = [];
  const stdin = new PassThrough();
  let dispose = () => {};
  using input = new KeyInput(stdin, {
    onText: (text) => seen.push(text),
    onKey: () => dispose(),
  });
  dispose = () => input[Symbol.dispose]();
  stdin.emit("data", new TextEncoder().encode("a\rb"));
  stdin.emit("data", new TextEncoder().encode("c"));
  assert.deepEqual(seen, ["a"]);
});
