import { isSentence, unlessPlain } from "./plain_value.ts";
import { isVocabularyName } from "./secret_signs.ts";
import { isRedacted, runEnd, type Span } from "./text_span.ts";

const BLANK = /[ \t]/;
const OPERATOR = /[=:>]/;
const NAME_CHARACTER = /[A-Za-z0-9_.-]/;
// Of what has no quotes around it. The escape may set colour.
// deno-lint-ignore no-control-regex
const VALUE_END = /[\s"'`\u001b]/;
// deno-lint-ignore no-control-regex
const LINE_END = /[\r\n\u001b]/;
const HEADER = /(?:authorization|cookies?)$/i;
const FOLDER_NAME = /^(?:old)?pwd$/i;
const PLAIN_WORD = /^[a-z_]{1,16}$/;
// `Some("`, `SecretStr('`, `b'`: what programs write around a text.
const WRAPPER =
  /^(?:(?:[A-Za-z_&*][\w.:]{0,40})?\(){1,4}(?:[bBrRuUfF]{1,2})?(?=\\{0,4}["'`])|^[bBrRuUfF]{1,2}(?=["'])/;
const MAX_WRAPPER_CHARACTERS = 200;
/** The member that holds the value of what another member names: `"value": `. */
const VALUE_MEMBER = /^\s{0,8}(\\{0,4}["'`])value\1\s{0,8}:\s{0,8}/i;
const MAX_MEMBER_CHARACTERS = 48;
const MAX_NAME_CHARACTERS = 64;

/** The value of the name before the divider (`=`, `:`, `=>`, `:=` …) that begins at `at`. */
export function namedValue(text: string, at: number): Span | undefined {
  const name = nameBefore(text, at);
  if (isVocabularyName(name.text)) return undefined;
  const divided = runEnd(text, at + 1, OPERATOR);
  const begin = runEnd(text, divided, BLANK);
  // Before anything is searched for: many of them in one line must not each read it to its end.
  if (isRedacted(text, begin)) return undefined;
  // A shell's own variable.
  if (text[begin] === "/" && FOLDER_NAME.test(name.text)) return undefined;
  const spoken = text[at] === ":" && divided === at + 1 && begin > divided;
  // `the second pass: …`
  if (spoken && name.text.toLowerCase() === "pass" && name.quote === undefined) return undefined;
  const quoted = inQuotes(text, begin) ?? wrapped(text, begin);
  if (quoted !== undefined) return unlessPlain(text, quoted, name.text);
  if (spoken && isSentence(text, begin, name.text)) return undefined;
  if (text[begin] === "[" || text[begin] === "{") return { begin, end: bracketEnd(text, begin) };
  if (HEADER.test(name.text)) {
    return unlessPlain(text, { begin, end: headerEnd(text, begin, name.quote) }, name.text);
  }
  let end = begin;
  while (end < text.length && !VALUE_END.test(text[end]!)) {
    if (name.inQuery && (text[end] === "&" || text[end] === "#")) break;
    end++;
  }
  return unlessPlain(text, { begin, end }, name.text);
}

/**
 * `"authorization", "VALUE"`: a name and its value side by side, the comma between them at `at`. Also
 * `"name": "HF_TOKEN", "value": "VALUE"`, as lists of variables have it.
 */
export function pairedValue(text: string, at: number): Span | undefined {
  const name = nameBefore(text, at);
  if (isVocabularyName(name.text)) return undefined;
  // Python writes bytes so.
  const prefix = text[name.begin - 1] === "b" ? 1 : 0;
  const before = text[name.begin - 1 - prefix] ?? "";
  // Where the name is itself the value of a member, what follows is the name of the next.
  if (before === ":") return memberValue(text, at, name.text);
  if (!/[([{,\s]/.test(before)) return undefined;
  const begin = runEnd(text, at + 1, /\s/);
  const span = inQuotes(text, begin) ?? wrapped(text, begin);
  if (span === undefined || text[runEnd(text, span.end, /["'`\\ \t]/)] === ":") return undefined;
  const inList = before === "," || text[runEnd(text, span.end, /["'`\\ \t]/)] === ",";
  const isWord = inList && PLAIN_WORD.test(text.slice(span.begin, Math.min(span.end, at + 40)));
  return isWord ? undefined : unlessPlain(text, span, name.text);
}

function memberValue(text: string, at: number, name: string): Span | undefined {
  const match = VALUE_MEMBER.exec(text.slice(at + 1, at + 1 + MAX_MEMBER_CHARACTERS));
  const span = match === null ? undefined : inQuotes(text, at + 1 + match[0].length);
  return span && unlessPlain(text, span, name);
}

/** `--token VALUE`, `--token "VALUE"`, and `"--token", "VALUE"` of a list. */
export function flagValue(text: string, afterDashes: number): Span | undefined {
  const nameEnd = runEnd(text, afterDashes, NAME_CHARACTER);
  const isListed = /["']/.test(text[nameEnd] ?? "");
  let begin = isListed ? nameEnd + 1 : nameEnd;
  if (text[begin] === ",") begin++;
  else if (isListed) return undefined;
  begin = runEnd(text, begin, BLANK);
  if (isRedacted(text, begin)) return undefined;
  const name = text.slice(afterDashes, nameEnd);
  const quoted = inQuotes(text, begin);
  if (quoted !== undefined) return unlessPlain(text, quoted, name);
  // Another flag, or a word of the usage.
  if (begin === nameEnd || /[-<[]/.test(text[begin] ?? "-")) return undefined;
  let end = begin;
  while (end < text.length && !VALUE_END.test(text[end]!)) end++;
  return unlessPlain(text, { begin, end }, name);
}

/** The name that ends before `at`, what quotes it, and whether it is one of an address's query. */
function nameBefore(text: string, at: number) {
  let end = at;
  while (end > 0 && /[ \t\]"'`\\]/.test(text[end - 1]!)) end--;
  const least = Math.max(0, end - MAX_NAME_CHARACTERS);
  let begin = end;
  while (begin > least && NAME_CHARACTER.test(text[begin - 1]!)) begin--;
  const before = text[begin - 1] ?? "";
  let outer = begin;
  while (outer > least && /[ \t"'`\\]/.test(text[outer - 1]!)) outer--;
  return {
    text: text.slice(begin, end),
    /** Where it begins with its quotes and the blanks before these. */
    begin: outer,
    quote: /["'`]/.test(before) ? before : undefined,
    inQuery: before === "?" || before === "&",
  };
}

/** A header goes on to the end of its line, or of the quotes around all of it. */
function headerEnd(text: string, begin: number, quote: string | undefined): number {
  let end = begin;
  while (end < text.length && text[end] !== quote && !LINE_END.test(text[end]!)) end++;
  return end;
}

/** After the bracket that closes the one at `begin`, those in quotes not counted; else the end. */
function bracketEnd(text: string, begin: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = begin; i < text.length; i++) {
    const character = text[i]!;
    if (character === "\\") i++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return i + 1;
  }
  return text.length;
}

/** What quotes enclose that begin at `at`, also those that are escaped as in JSON within JSON. */
function inQuotes(text: string, at: number): Span | undefined {
  const slashes = runEnd(text, at, /\\/) - at;
  const quote = text[at + slashes] ?? "";
  if (quote === "" || !`"'\``.includes(quote) || slashes > 4) return undefined;
  const begin = at + slashes + 1;
  if (isRedacted(text, begin)) return { begin, end: begin };
  if (slashes > 0) {
    const end = text.indexOf(text.slice(at, begin), begin);
    return { begin, end: end === -1 ? text.length : end };
  }
  let end = begin;
  while (end < text.length && text[end] !== quote) end += text[end] === "\\" ? 2 : 1;
  return { begin, end: Math.min(end, text.length) };
}

/** `Some("VALUE")`, `b'VALUE'`: from what is around the quotes to the last of what closes it. */
function wrapped(text: string, begin: number): Span | undefined {
  const match = WRAPPER.exec(text.slice(begin, begin + MAX_WRAPPER_CHARACTERS));
  if (match === null) return undefined;
  const inside = inQuotes(text, begin + match[0].length);
  if (inside === undefined) return undefined;
  if (inside.begin === inside.end) return inside;
  let end = runEnd(text, inside.end, /["'`\\]/);
  for (let open = match[0].split("(").length; open > 1 && text[end] === ")"; open--) end++;
  return { begin, end };
}
