import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeReferences } from "../../src/page/markdown/character_references.ts";
import { markdownNodes } from "../../src/page/markdown/markdown_stream.tsx";
import { safeAddress } from "../../src/page/markdown/safe_address.ts";
import { walk } from "./markdown_walk.ts";

/** Every element that a text may become, with its attributes. */
const ALLOWED = new Map<string, readonly string[]>([
  ["p", ["class"]],
  ["br", []],
  ["strong", []],
  ["em", []],
  ["del", []],
  ["code", []],
  ["pre", ["tabIndex", "role", "aria-label"]],
  ["figure", ["class"]],
  ["figcaption", []],
  ["span", []],
  ["a", ["href", "title", "target", "rel"]],
  ["ul", []],
  ["ol", ["start"]],
  ["li", []],
  ["input", ["type", "checked", "disabled", "aria-label"]],
  ["blockquote", []],
  ["div", ["class", "role", "aria-label", "tabIndex"]],
  ["table", []],
  ["thead", []],
  ["tbody", []],
  ["tr", []],
  ["th", ["scope", "class"]],
  ["td", ["class"]],
  ["hr", []],
  ["h4", []],
  ["h5", []],
  ["h6", []],
]);
const CLASSES = ["raw", "table", "code-block", "to-left", "to-center", "to-right", undefined];
const MAX_DEPTH = 60;

const PIECES = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  "<!--",
  "-->",
  "<style>",
  "<iframe srcdoc='",
  "![a](http://evil.example/x.png)",
  "![a][b]",
  "[a](javascript:alert(1))",
  "[a](JaVaScRiPt&#58;alert(1))",
  "[a](java\tscript:alert(1))",
  "[a](data:text/html,<script>)",
  "[a](vbscript:x)",
  "[a](//evil.example)",
  "[a](https://good.example)",
  "[a](<javascript:alert(1)>)",
  "[b]: javascript:alert(1)",
  "[b]: https://good.example 'onclick'",
  "[b]",
  "<javascript:alert(1)>",
  "<https://good.example/?a&amp;b>",
  "www.good.example",
  "a@good.example",
  "```js onload=x\n",
  "```",
  "~~~",
  "`",
  "> ",
  "- ",
  "1. ",
  "- [x] ",
  "# ",
  "**",
  "_",
  "~~",
  "|",
  "|-|-|",
  "\n",
  "\n\n",
  "    ",
  "\t",
  "\r\n",
  "\\",
  "&lt;script&gt;",
  "&#0;",
  "&#xd800;",
  "[",
  "](",
  ")",
  "__proto__",
  "constructor",
  "\u0000",
  "\ud800",
  "word",
  "===",
  "---",
];
const hostileText = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join("")),
  fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary", maxLength: 5 })))
    .map((pieces) => pieces.join("")),
  fc.string({ unit: "binary" }),
);

function assertHarmless(text: string): void {
  for (const { name, props, depth } of walk(markdownNodes(text)).elements) {
    const attributes = ALLOWED.get(name);
    assert.ok(attributes !== undefined, `<${name}> came out of ${JSON.stringify(text)}`);
    assert.ok(depth < MAX_DEPTH, `A depth of ${depth} came out`);
    for (const [attribute, value] of Object.entries(props)) {
      assert.ok(attributes.includes(attribute), `${attribute} of <${name}> came out`);
      assert.ok(!/^on|^src|^style$|^dangerously/i.test(attribute), `${attribute} came out`);
      if (attribute === "href") assert.match(String(value), /^(https?:\/\/[^/@]+(\/|$)|mailto:)/);
      if (attribute === "class") assert.ok(CLASSES.includes(value as string), `class ${value}`);
    }
    if (name === "a") {
      assert.equal(props.target, "_blank");
      assert.equal(props.rel, "noopener noreferrer nofollow");
      assert.equal(props.title, props.href);
    }
  }
}

function names(text: string): string[] {
  return walk(markdownNodes(text)).elements.map(({ name }) => name);
}

Deno.test("nothing but the listed elements and attributes comes out, whatever the text", () => {
  fc.assert(fc.property(hostileText, assertHarmless), { numRuns: 1500 });
});

Deno.test("each hostile piece alone, and all of them at once, are harmless", () => {
  for (const piece of PIECES) assertHarmless(piece);
  assertHarmless(PIECES.join(" "));
  assertHarmless(PIECES.join("\n\n"));
});

Deno.test("raw HTML is shown as the text that it is", () => {
  const block = walk(markdownNodes("<script>alert(1)</script>\n\nbehind"));
  assert.equal(block.text, "<script>alert(1)</script>behind");
  assert.deepEqual(block.elements.map(({ name }) => name), ["p", "p"]);
  const inline = walk(markdownNodes("before <img src=x onerror=alert(1)> behind"));
  assert.equal(inline.text, "before <img src=x onerror=alert(1)> behind");
  assert.deepEqual(inline.elements.map(({ name }) => name), ["p"]);
});

Deno.test("an image is never loaded; its text and address are shown", () => {
  const { elements, text } = walk(markdownNodes("![a cat](https://evil.example/x.png)"));
  assert.deepEqual(elements.map(({ name }) => name), ["p"]);
  assert.equal(text, "[image: a cat, https://evil.example/x.png]");
});

Deno.test("links lead to http, https and mailto alone, and say where", () => {
  const addresses = (text: string) =>
    walk(markdownNodes(text)).elements.filter(({ name }) => name === "a")
      .map(({ props }) => props.href);
  assert.deepEqual(addresses("[a](https://good.example/b?c=1&amp;d=2)"), [
    "https://good.example/b?c=1&d=2",
  ]);
  assert.deepEqual(addresses("a@good.example and www.good.example"), [
    "mailto:a@good.example",
    "http://www.good.example/",
  ]);
  assert.deepEqual(addresses("[a][b]\n\n[b]: https://good.example"), ["https://good.example/"]);
  for (
    const bad of [
      "javascript:alert(1)",
      "JAVASCRIPT:alert(1)",
      "javascript&#58;alert(1)",
      "&#x6a;avascript:alert(1)",
      "data:text/html,x",
      "vbscript:x",
      "file:///etc/passwd",
      "//evil.example",
      "/v1/shutdown",
      "blob:https://good.example/x",
      "https://good.example@evil.example/",
    ]
  ) {
    assert.deepEqual(addresses(`[a](${bad})`), [], bad);
    assert.equal(walk(markdownNodes(`[a](${bad})`)).text, "a");
  }
});

Deno.test("safeAddress() takes no address that is not whole, or endless", () => {
  assert.equal(safeAddress("good.example"), undefined);
  assert.equal(safeAddress(""), undefined);
  assert.equal(safeAddress("https://"), undefined);
  assert.equal(safeAddress(`https://good.example/${"a".repeat(5000)}`), undefined);
  assert.equal(safeAddress(" \u0001javascript:alert(1)"), undefined);
});

Deno.test("headings, lists, tasks, quotes, tables and code become their elements", () => {
  assert.deepEqual(names("# a\n## b\n### c"), ["h4", "h5", "h6"]);
  assert.deepEqual(names("- a\n  - b"), ["ul", "li", "ul", "li"]);
  assert.deepEqual(names("- [x] a"), ["ul", "li", "input"]);
  assert.deepEqual(names("> a\n> > b"), ["blockquote", "p", "blockquote", "p"]);
  assert.deepEqual(names("**a** _b_ ~~c~~ `d`"), ["p", "strong", "em", "del", "code"]);
  assert.deepEqual(names("|a|\n|-:|\n|b|"), [
    ...["div", "table", "thead", "tr", "th", "tbody", "tr", "td"],
  ]);
  const [list] = walk(markdownNodes("7. a\n8. b")).elements;
  assert.equal(list?.props.start, 7);
});

Deno.test("a code block has its language, its text as it is, and is reached by keyboard", () => {
  const { elements, text } = walk(markdownNodes("```ts x\nif (a < b) &amp; **c**\n```"));
  assert.deepEqual(elements.map(({ name }) => name), [
    ...["figure", "figcaption", "span", "pre", "code"],
  ]);
  assert.equal(text, "tsif (a < b) &amp; **c**");
  const pre = elements.find(({ name }) => name === "pre");
  assert.equal(pre?.props.tabIndex, 0);
  assert.equal(pre?.props["aria-label"], "Code, ts");
});

Deno.test("the text of nothing is lost where nesting is deeper than what is taken apart", () => {
  const quotes = walk(markdownNodes(`${"> ".repeat(10_000)}deep`));
  assert.ok(quotes.text.endsWith("deep"));
  assert.ok(quotes.elements.length < 20);
  const lists = walk(markdownNodes(`${"- ".repeat(10_000)}deep`));
  assert.ok(lists.text.endsWith("deep"));
  const emphasis = walk(markdownNodes(`${"*a _b ".repeat(500)}deep${" b_ a*".repeat(500)}`));
  assert.ok(emphasis.text.includes("deep"));
});

Deno.test("endless repetitions of any sign neither throw nor nest without end", () => {
  for (
    const sign of [...PIECES, ">", "[", "![", "*a ", "_a", "*a_b", "***a**b*", "<a ", "[a](<b"]
  ) {
    assertHarmless(sign.repeat(10_000));
  }
});

Deno.test("what is longer than what is read as Markdown is shown as text, all of it", () => {
  const { text } = walk(markdownNodes(`${"word\n\n".repeat(50_000)}<b>end</b>`));
  assert.ok(text.endsWith("<b>end</b>"));
  assert.equal(text.match(/word/g)?.length, 50_000);
});

Deno.test("decodeReferences() decodes what Markdown knows, and nothing that is no character", () => {
  assert.equal(decodeReferences("&lt;b&gt; &amp;amp; &#60; &#x3C;"), "<b> &amp; < <");
  assert.equal(decodeReferences("&#0; &#xd800; &#9999999;"), "\ufffd \ufffd \ufffd");
  assert.equal(decodeReferences("&nothing; &constructo; &lt"), "&nothing; &constructo; &lt");
});
