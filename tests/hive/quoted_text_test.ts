import assert from "node:assert/strict";
import fc from "fast-check";
import { quotes } from "../../src/hive/quoted_text.ts";

const DIARY = 'My very private diary says that I met a badger yesterday.\nIt wore a "hat".';

for (
  const [what, message] of [
    ["as it stands", `Bad input: ${DIARY}`],
    ["in part", `Bad input: ${DIARY.slice(3, 30)}`],
    ["as JSON", `Bad input: ${JSON.stringify({ content: DIARY })}`],
    ["as JSON in JSON", JSON.stringify(JSON.stringify(DIARY))],
    ["on one line", DIARY.replaceAll("\n", " ")],
    ["escaped over a line end", 'yesterday.\\nIt wore a \\"hat\\"'],
  ] as const
) {
  Deno.test(`quotes() finds a text that is repeated ${what}`, () => {
    assert.equal(quotes(message, [DIARY]), true);
    assert.equal(quotes(message, ["Something else altogether", DIARY]), true);
  });
}

Deno.test("quotes() finds the whole of a short text, and nothing in the shortest", () => {
  assert.equal(quotes("Bad input: 'hunter2'", ["hunter2"]), true);
  assert.equal(quotes("Bad input: 'hunter'", ["hunter2"]), false);
  assert.equal(quotes("Bad input: 'abc'", ["abc", "", " ", "\n"]), false);
});

Deno.test("quotes() finds text of other scripts", () => {
  const text =
    "\u4eca\u65e5\u306f\u5929\u6c17\u304c\u826f\u3044\u3067\u3059\u306d\u3001\u6563\u6b69\u306b\u884c\u304d\u307e\u3057\u3087\u3046";
  assert.equal(quotes(`error: ${text}`, [text]), true);
});

Deno.test("quotes() lets ordinary reasons through", () => {
  for (
    const message of [
      "",
      "CUDA out of memory. Tried to allocate 2.00 GiB",
      "request (9 tokens) exceeds the available context size (8 tokens), try increasing it",
      "The model `x` does not exist.",
    ]
  ) {
    assert.equal(quotes(message, [DIARY, ""]), false, message);
    assert.equal(quotes(message, []), false);
  }
});

Deno.test("quotes() finds every run of 19 letters and digits", () => {
  fc.assert(fc.property(
    fc.stringMatching(/^[a-z0-9]{19,60}$/),
    fc.stringMatching(/^[a-z0-9]{0,40}$/),
    fc.nat(41),
    (text, other, at) => {
      const from = Math.min(at, text.length - 19);
      const run = text.slice(from, from + 19);
      assert.equal(quotes(`${other}${run}${other}`, [text]), true);
    },
  ));
});

Deno.test("quotes() reads the longest prompt", () => {
  const text = "abcdefghij klmnopqrst uvwxyz0123 ".repeat(250_000);
  assert.equal(quotes("Z".repeat(300), [text]), false);
});
