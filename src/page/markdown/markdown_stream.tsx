import type { Token } from "marked";
import { Fragment, type VNode } from "preact";
import { blockNodes } from "./block_nodes.tsx";
import { lexMarkdown, type LinkDefinitions } from "./bounded_lexer.ts";

/** How much of the time goes to reading at most while a text grows: a fifth. */
const REST = 4;
// At the end of a block, or all of what stands between two. The block before that ends without its newline.
const BLANK_LINE = /\n[ \t]*\n$/;

/**
 * Reads a Markdown text that grows at its end, and only its last blocks anew each time: what is before
 * them cannot change any more, but for names that are defined further on, which
 * {@linkcode MarkdownStream.whole} alone knows.
 */
export class MarkdownStream {
  #settled: VNode[] = [];
  #settledText = "";
  #links: LinkDefinitions = {};
  #shown: { text: string; nodes: VNode[] } = { text: "", nodes: [] };
  #restUntilMs = 0;

  /** How long it rests until it reads again, in milliseconds, so that reading does not take all the time. */
  get restMs(): number {
    return Math.max(0, this.#restUntilMs - performance.now());
  }

  /** The nodes of a text that may go on. One that does not begin as the text before is read anew. */
  grown(text: string): readonly VNode[] {
    if (text === this.#shown.text) return this.#shown.nodes;
    const beginMs = performance.now();
    const lines = withNewlines(text);
    if (!lines.startsWith(this.#settledText)) this.#forget();
    const { tokens, links } = lexMarkdown(lines.slice(this.#settledText.length), this.#links);
    const count = this.#settle(tokens, { lines, links });
    const nodes = [...this.#settled, ...topNodes(tokens.slice(count), this.#settled.length)];
    this.#shown = { text, nodes };
    const endMs = performance.now();
    this.#restUntilMs = endMs + (endMs - beginMs) * REST;
    return nodes;
  }

  /** The nodes of a text that is complete. */
  whole(text: string): readonly VNode[] {
    this.#forget();
    this.#shown = { text: "", nodes: [] };
    return markdownNodes(text);
  }

  /**
   * Keeps the blocks that can no longer change, and tells how many: all before the last blank line behind which
   * a whole line has come. A line may still make another block of what stands directly before it.
   */
  #settle(
    tokens: readonly Token[],
    { lines, links }: { lines: string; links: LinkDefinitions },
  ): number {
    const last = tokens.findLastIndex(({ type, raw }, i) =>
      type !== "space" && raw.includes("\n") && BLANK_LINE.test(tokens[i - 1]?.raw ?? "")
    );
    if (last <= 0) return 0;
    const before = tokens.slice(0, last);
    const raw = before.map((token) => token.raw).join("");
    // The lexer may put a line's end between two blocks that it joins: then their place is not known.
    if (!lines.startsWith(raw, this.#settledText.length)) return 0;
    this.#settled.push(...topNodes(before, this.#settled.length));
    this.#settledText += raw;
    this.#links = links;
    return last;
  }

  #forget(): void {
    this.#settled = [];
    this.#settledText = "";
    this.#links = {};
  }
}

/** The nodes of a Markdown text. It never throws, whatever the text, and none of them loads or runs anything. */
export function markdownNodes(text: string): VNode[] {
  return topNodes(lexMarkdown(withNewlines(text)).tokens, 0);
}

function topNodes(tokens: readonly Token[], from: number): VNode[] {
  return blockNodes(tokens).map((node, i) => <Fragment key={from + i}>{node}</Fragment>);
}

function withNewlines(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}
