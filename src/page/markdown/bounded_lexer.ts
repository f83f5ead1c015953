import { Lexer, type Token, type TokensList } from "marked";

/** How deep quotes and lists are taken apart; what is deeper stays text. */
const MAX_BLOCK_DEPTH = 12;
/** How deep emphasis and links in one text are taken apart. */
const MAX_INLINE_DEPTH = 8;
/**
 * The longest text in which emphasis and links are looked for, in UTF-16 units: a paragraph, a cell, an
 * item. The time for it grows with the square of its length where the text is hostile.
 */
const MAX_INLINE_LENGTH = 2000;
/** The longest text that is read as Markdown, in UTF-16 units; the rest is shown as it is. */
const MAX_LENGTH = 200_000;

/** Addresses that a text defines by name (`[name]: https://…`). */
export type LinkDefinitions = TokensList["links"];

/** What a text consists of. */
export interface LexedText {
  tokens: Token[];
  /** What it defines, and what was known before. */
  links: LinkDefinitions;
}

/**
 * Takes Markdown apart, in GitHub's flavour, in time in proportion to its length whatever it holds:
 * nesting, the length of one paragraph and that of the whole are bounded, and what is past a bound stays
 * text. It never throws.
 *
 * @param text With `\n` alone at the ends of lines.
 * @param known What was defined before this text.
 */
export function lexMarkdown(text: string, known: LinkDefinitions = {}): LexedText {
  const lexer = new BoundedLexer({ gfm: true });
  const { links } = lexer.tokens;
  Object.assign(links, known);
  const rest = text.slice(MAX_LENGTH);
  let tokens: Token[];
  try {
    tokens = [...lexer.lex(text.slice(0, MAX_LENGTH))];
  } catch {
    // The lexer throws where it finds that it does not get on. The person is to read the answer all the same.
    return { tokens: [plain(text)], links };
  }
  if (rest !== "") tokens.push(plain(rest));
  return { tokens, links };
}

class BoundedLexer extends Lexer {
  #blockDepth = 0;
  #inlineDepth = 0;

  override blockTokens(src: string, tokens?: Token[], isClipped?: boolean): Token[];
  override blockTokens(src: string, tokens?: TokensList, isClipped?: boolean): TokensList;
  override blockTokens(src: string, tokens: Token[] = [], isClipped = false): Token[] {
    if (this.#blockDepth >= MAX_BLOCK_DEPTH) return withPlain(tokens, src);
    this.#blockDepth++;
    try {
      return super.blockTokens(src, tokens, isClipped);
    } finally {
      this.#blockDepth--;
    }
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    if (src.length > MAX_INLINE_LENGTH || this.#inlineDepth >= MAX_INLINE_DEPTH) {
      return withPlain(tokens, src);
    }
    this.#inlineDepth++;
    try {
      return super.inlineTokens(src, tokens);
    } finally {
      this.#inlineDepth--;
    }
  }
}

function withPlain(tokens: Token[], text: string): Token[] {
  if (text !== "") tokens.push(plain(text));
  return tokens;
}

/** `escaped` keeps what looks like a character reference as it is. */
function plain(text: string): Token {
  return { type: "text", raw: text, text, escaped: true };
}
