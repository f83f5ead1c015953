import type { MarkedToken, Token, Tokens } from "marked";
import type { ComponentChild } from "preact";
import { decodeReferences } from "./character_references.ts";
import { safeAddress } from "./safe_address.ts";

/**
 * What stands in one text: emphasis, code, links. Raw HTML is shown as the text that it is, and no image
 * is ever loaded.
 */
export function inlineNodes(tokens: readonly Token[] = []): ComponentChild[] {
  return tokens.map((token) => inlineNode(token as MarkedToken));
}

function inlineNode(token: MarkedToken): ComponentChild {
  switch (token.type) {
    case "text":
      if (token.tokens !== undefined) return inlineNodes(token.tokens);
      return token.escaped === true ? token.text : decodeReferences(token.text);
    case "escape":
      return token.text;
    case "html":
      return token.raw;
    case "strong":
      return <strong>{inlineNodes(token.tokens)}</strong>;
    case "em":
      return <em>{inlineNodes(token.tokens)}</em>;
    case "del":
      return <del>{inlineNodes(token.tokens)}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "link":
      return linkNode(token);
    case "image":
      return `[image: ${[decodeReferences(token.text), token.href].filter(Boolean).join(", ")}]`;
    case "checkbox":
      return (
        <input
          type="checkbox"
          checked={token.checked}
          disabled
          aria-label={token.checked ? "Done" : "Not done"}
        />
      );
    case "def":
    case "space":
      return null;
    // What stands between blocks alone.
    case "blockquote":
    case "code":
    case "heading":
    case "hr":
    case "list":
    case "list_item":
    case "paragraph":
    case "table":
      return token.raw;
    default:
      return unknownToken(token);
  }
}

function linkNode({ href, tokens, autolink }: Tokens.Link): ComponentChild {
  const address = safeAddress(autolink === true ? href : decodeReferences(href));
  const text = inlineNodes(tokens);
  if (address === undefined) return text;
  return (
    <a href={address} title={address} target="_blank" rel="noopener noreferrer nofollow">{text}</a>
  );
}

/** What a later lexer may bring is text until somebody has decided what it is. */
export function unknownToken(token: never): string {
  return (token as Token).raw;
}
