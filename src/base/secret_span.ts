import { markedKey } from "./marked_key.ts";
import { flagValue, namedValue, pairedValue } from "./named_value.ts";
import { privateKey } from "./private_key.ts";
import { isRedacted, runEnd, type Span } from "./text_span.ts";

const KEY_CHARACTER = /[A-Za-z0-9_-]/;
const TOKEN_CHARACTER = /[A-Za-z0-9._~+/=%-]/;
const MAX_PASSWORD_CHARACTERS = 512;

/**
 * Where the secret is that `SECRET_SIGN` has found the sign of at `at`; undefined where that was a
 * false alarm. Reads on from there, each character once.
 */
export function endOfSecret(text: string, at: number): Span | undefined {
  switch (text[at]) {
    case ":":
      if (text.startsWith("//", at + 1)) return inAddress(text, at);
      return namedValue(text, at);
    case "=":
      return namedValue(text, at);
    case ",":
      return pairedValue(text, at);
    case "-":
      if (text.startsWith("----BEGIN", at + 1)) return privateKey(text, at);
      return text[at + 1] === "-" ? flagValue(text, at + 2) : markedKey(text, at);
    case "_":
      return markedKey(text, at);
    case "J":
      return webToken(text, at - 2);
    case "K":
      return { begin: at - 1, end: runEnd(text, at, KEY_CHARACTER) };
    case "S":
      if (text[at + 1] === "G") return dottedKey(text, at + "SG.".length);
      return { begin: at - 1, end: runEnd(text, at, KEY_CHARACTER) };
    case "y":
      return dottedKey(text, at + "ya29.".length);
    case "z":
      return { begin: at - 2, end: runEnd(text, at, KEY_CHARACTER) };
    default:
      return bearer(text, at + "bearer".length);
  }
}

/**
 * `https://user:PASSWORD@host`, and `https://TOKEN@host`. A password that is not escaped may hold the
 * sign before the host, and what else ends one.
 */
function inAddress(text: string, at: number): Span | undefined {
  const userBegin = at + "://".length;
  const userEnd = runEnd(text, userBegin, /[^\s/?#@:]/);
  if (text[userEnd] === "@") {
    const isKey = /[0-9]/.test(text.slice(userBegin, Math.min(userEnd, userBegin + 256)));
    return isKey ? { begin: userBegin, end: userEnd } : undefined;
  }
  const begin = userEnd + 1;
  if (isRedacted(text, begin)) return undefined;
  const hostEnd = runEnd(text, begin, /[^\s/?#]/);
  let end = lastAt(text, begin, hostEnd);
  if (end === -1) {
    const most = Math.min(text.length, begin + MAX_PASSWORD_CHARACTERS);
    end = lastAt(text, hostEnd, runEnd(text.slice(0, most), hostEnd, /[^\s"'`<>]/));
  }
  return end <= begin ? undefined : { begin, end };
}

/** Where the last `@` stands in a part of a text, -1 where there is none. */
function lastAt(text: string, begin: number, end: number): number {
  const at = text.slice(begin, Math.max(begin, end)).lastIndexOf("@");
  return at === -1 ? -1 : begin + at;
}

/** Three parts with dots between them, of which the first begins as an object in JSON does. */
function webToken(text: string, begin: number): Span | undefined {
  const end = runEnd(text, begin, /[A-Za-z0-9_.-]/);
  const isToken = end - begin >= 20 && text.slice(begin, end).includes(".");
  return isToken ? { begin, end } : undefined;
}

function dottedKey(text: string, begin: number): Span {
  return { begin, end: runEnd(text, begin, /[A-Za-z0-9_.-]/) };
}

function bearer(text: string, afterWord: number): Span | undefined {
  let begin = afterWord;
  for (;;) {
    if (text.startsWith("%20", begin)) begin += 3;
    else if (/[ \t:="'`\\]/.test(text[begin] ?? "")) begin++;
    else break;
  }
  const end = runEnd(text, begin, TOKEN_CHARACTER);
  const token = text.slice(begin, Math.min(end, begin + 20));
  // What bears it may be said in words.
  return token.length >= 20 || (token.length >= 6 && /[0-9]/.test(token))
    ? { begin, end }
    : undefined;
}
