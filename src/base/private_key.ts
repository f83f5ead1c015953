import type { Span } from "./text_span.ts";

const HEADER = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const HEADERS = new RegExp(HEADER.source, "g");
const BOUNDARY = /-----(?:BEGIN|END)/g;
const END = "-----END";
const DASHES = "-----";
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const CHECKSUM = /^=[A-Za-z0-9+/]{4}$/;
const ESCAPED_LINE = /^\\{1,4}[nr]/;
// Of a line that has something else before it.
const LONG_BASE64 = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40,1000}={0,2}$/;
const FIELD = /^(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID)[ \t]*:/;
const WORD = /^[A-Z]?[a-z]{0,15}$/;
const MIN_CHUNK_CHARACTERS = 16;
const AROUND = " \t\r\"'`,;+|>";

/**
 * A private key whose first line begins at `begin`: through its last line, or through those that can be
 * of a key where that one does not follow. Undefined where the first line is only spoken of.
 */
export function privateKey(text: string, begin: number): Span | undefined {
  const from = headerEnd(text, begin);
  if (from === undefined) return undefined;
  // Up to the next of either kind, so that many begins without an end are each read once.
  BOUNDARY.lastIndex = from;
  const boundary = BOUNDARY.exec(text)?.index ?? text.length;
  const ends = text.startsWith(END, boundary);
  let end = lineEnd(text, from, boundary);
  if (!ends || end < boundary) {
    if (!goesOn(text.slice(from, end))) return undefined;
    if (isAround(text.slice(from, end))) end = from;
    let next = lineEnd(text, from, boundary);
    while (next < boundary) {
      const following = lineEnd(text, next + 1, boundary);
      if (following === boundary && ends) {
        end = boundary;
        break;
      }
      const line = text.slice(next + 1, following);
      if (!isKeyLine(line)) break;
      next = following;
      // Not what is empty before something else.
      if (!isAround(line)) end = next;
    }
    if (end < boundary || !ends) return { begin, end };
  }
  const close = text.indexOf(DASHES, boundary + END.length);
  return { begin, end: close === -1 ? text.length : close + DASHES.length };
}

/** Whether a private key begins in a line, and goes on in the next. */
export function opensKey(line: string): boolean {
  let from = -1;
  for (const match of line.matchAll(HEADERS)) from = match.index + match[0].length;
  return from !== -1 && !line.includes(END, from) && goesOn(line.slice(from));
}

/** Whether a line, the last one aside, can be one of a private key: of base64, a field, or empty. */
export function isKeyLine(line: string): boolean {
  const inside = trimmed(line);
  if (inside === "") return true;
  if (BASE64.test(inside) || CHECKSUM.test(inside)) return !WORD.test(inside);
  return FIELD.test(inside) || LONG_BASE64.test(inside.slice(-1100));
}

function headerEnd(text: string, begin: number): number | undefined {
  const match = HEADER.exec(text.slice(begin, begin + 90));
  return match?.index === 0 ? begin + match[0].length : undefined;
}

/** Whether what stands behind the first line's header is of a key, and no sentence. */
function goesOn(rest: string): boolean {
  if (isAround(rest) || ESCAPED_LINE.test(rest)) return true;
  const chunk = /^[ \t]*([A-Za-z0-9+/=]*)(?=\s|\\|$|["'`-])/.exec(rest);
  if (chunk === null) return false;
  return chunk[1]!.length >= MIN_CHUNK_CHARACTERS ||
    (/^[A-Za-z0-9+/]/.test(rest) && isKeyLine(rest));
}

function isAround(text: string): boolean {
  return trimmed(text) === "";
}

/** Without the blanks, quotes and escaped ends of lines around it. */
function trimmed(line: string): string {
  let begin = 0;
  let end = line.length;
  while (begin < end && AROUND.includes(line[begin]!)) begin++;
  for (;;) {
    if (begin < end && AROUND.includes(line[end - 1]!)) end--;
    else if (end - begin >= 2 && line[end - 2] === "\\" && /[nr]/.test(line[end - 1]!)) end -= 2;
    else if (begin < end && line[end - 1] === "\\") end--;
    else return line.slice(begin, end);
  }
}

function lineEnd(text: string, from: number, most: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 || end > most ? most : end;
}
