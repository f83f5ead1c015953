import assert from "node:assert/strict";
import fc from "fast-check";
import type { VNode } from "preact";
import { markdownNodes, MarkdownStream } from "../../src/page/markdown/markdown_stream.tsx";
import { walk } from "./markdown_walk.ts";

const LINES = [
  "A paragraph of **some** words.",
  "another line of it",
  "# A heading",
  "===",
  "---",
  "- an item",
  "- [ ] a task",
  "  - an item in it",
  "    indented",
  "  less indented",
  "1. first",
  "2. second",
  "* other bullet",
  "> a quote",
  "> > a quote in it",
  "```js",
  "let a = 1;",
  "```",
  "~~~",
  "| a | b |",
  "|---|---|",
  "| 1 | 2 |",
  "<div>",
  "</div>",
  "<!-- a",
  "-->",
  "<script>",
  "",
  "",
  "",
];
const text = fc.array(fc.constantFrom(...LINES), { maxLength: 25 }).map((lines) =>
  lines.join("\n")
);

Deno.test("a text that grows is shown as one that came at once, however it is cut", () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat(400), { maxLength: 12 }), (whole, cuts) => {
      const stream = new MarkdownStream();
      for (const cut of cuts.sort((a, b) => a - b)) stream.grown(whole.slice(0, cut));
      const grown = walk(stream.grown(whole));
      assert.deepEqual(grown, walk(markdownNodes(whole)));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("blocks that cannot change any more are kept as the nodes that they were", () => {
  const stream = new MarkdownStream();
  const before = stream.grown("# One\n\nTwo\n\nThree\n");
  const after = stream.grown("# One\n\nTwo\n\nThree\nand more\n\nFour");
  assert.equal(after[0], before[0]);
  const three = (nodes: readonly VNode[]) => walk(nodes).text.includes("and more");
  assert.ok(three(after) && !three(before));
});

Deno.test("a text that does not begin as the one before is read anew", () => {
  const stream = new MarkdownStream();
  stream.grown("# One\n\nTwo\n\nThree\n");
  assert.equal(walk(stream.grown("Other")).text, "Other");
});

Deno.test("an address that is defined further on is known when the text is whole", () => {
  const text = "[a][b]\n\nfar\n\n[b]: https://good.example\n";
  const stream = new MarkdownStream();
  for (let end = 0; end <= text.length; end++) stream.grown(text.slice(0, end));
  assert.ok(walk(stream.whole(text)).elements.some(({ name }) => name === "a"));
});

Deno.test("an address that was defined is known to what follows", () => {
  const stream = new MarkdownStream();
  stream.grown("[b]: https://good.example\n\nfar\n\nfurther\n\n");
  const { elements } = walk(
    stream.grown("[b]: https://good.example\n\nfar\n\nfurther\n\n[a][b]\n\n"),
  );
  assert.ok(elements.some(({ name }) => name === "a"));
});

Deno.test("a return that is cut from its newline makes no line of its own", () => {
  const stream = new MarkdownStream();
  stream.grown("one\r");
  assert.equal(walk(stream.grown("one\r\ntwo")).text, "one\ntwo");
});
