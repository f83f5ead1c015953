import type { MarkedToken, Token, Tokens } from "marked";
import type { ComponentChild } from "preact";
import { CodeBlock } from "./code_block.tsx";
import { inlineNodes, unknownToken } from "./inline_nodes.tsx";

/**
 * The blocks of a text as nodes. Elements and attributes are those that are written here and in
 * `inline_nodes.tsx`, and no others, whatever the text.
 */
export function blockNodes(tokens: readonly Token[]): ComponentChild[] {
  return tokens.map((token) => blockNode(token as MarkedToken));
}

function blockNode(token: MarkedToken): ComponentChild {
  switch (token.type) {
    case "paragraph":
      return <p>{inlineNodes(token.tokens)}</p>;
    case "heading":
      return heading(token);
    case "code":
      return <CodeBlock text={token.text} language={token.lang ?? ""} />;
    case "blockquote":
      return <blockquote>{blockNodes(token.tokens)}</blockquote>;
    case "list":
      return list(token);
    case "list_item":
      return <li>{blockNodes(token.tokens)}</li>;
    case "table":
      return table(token);
    case "hr":
      return <hr />;
    case "html":
      return <p class="raw">{token.raw.trim()}</p>;
    case "space":
    case "def":
      return null;
    case "text":
    case "escape":
    case "strong":
    case "em":
    case "del":
    case "codespan":
    case "br":
    case "link":
    case "image":
    case "checkbox":
      return inlineNodes([token]);
    default:
      return unknownToken(token);
  }
}

/** The page has its own headings of the first three ranks. */
function heading({ depth, tokens }: Tokens.Heading): ComponentChild {
  const content = inlineNodes(tokens);
  if (depth === 1) return <h4>{content}</h4>;
  return depth === 2 ? <h5>{content}</h5> : <h6>{content}</h6>;
}

function list({ ordered, start, items }: Tokens.List): ComponentChild {
  const nodes = items.map((item, i) => <li key={i}>{blockNodes(item.tokens)}</li>);
  if (!ordered) return <ul>{nodes}</ul>;
  return <ol start={typeof start === "number" ? start : 1}>{nodes}</ol>;
}

function table({ header, rows }: Tokens.Table): ComponentChild {
  return (
    <div class="table" role="group" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map(({ tokens, align }, i) => (
              <th key={i} scope="col" class={alignClass(align)}>{inlineNodes(tokens)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map(({ tokens, align }, i) => (
                <td key={i} class={alignClass(align)}>{inlineNodes(tokens)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function alignClass(align: Tokens.TableCell["align"]): string | undefined {
  return align === null ? undefined : `to-${align}`;
}
