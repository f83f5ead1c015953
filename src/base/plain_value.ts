import type { Span } from "./text_span.ts";

const MAX_PLAIN_CHARACTERS = 32;
const MAX_WORDS_CHARACTERS = 64;
const NO_SECRET = /^(?:null|none|nil|true|false|undefined|yes|no)[,;)\]}]*$/i;
const COUNT = /^[0-9.,]{1,9}(?:[mnuµ]?s|%|[KMG]i?B|x|\/s)?[,;)\]}]*$/;
const SHORT_COUNT = /^[0-9]{1,3}[,;)\]}]*$/;
const SPECIAL_TOKEN = /^<[^<>\s]{1,30}>[,;)\]}]*$/;
const PUNCTUATION = /^[^A-Za-z0-9\s]{1,3}$/;
const TOKEN_NAME = /token(?:[_-]?(?:\d+|read|write|base|value))?$/i;
const PASS_NAME = /pass$/i;
// Names of what a person may have made of words.
const OF_WORDS = /passw|passphrase|pwd|pass$|secrets?$|credentials?$/i;
const TWO_WORDS =
  /^[A-Z]?[a-z]{1,13}(?:'[a-z]{1,2})?[,;:.]?[ \t]{1,4}\(?[A-Za-z][a-z]{0,13}(?=[\s.,;:!?)'"]|$)/;
const COMPLAINT =
  /^(?:no|not|permission|access|auth\w*|is|was|are|must|cannot|could|required|needed|invalid|incorrect|wrong|missing|expired|denied|failed|unknown|too|does|has|should|please)\b/i;
const SCHEME = /^(?:basic|bearer|digest|token|negotiate|ntlm|apikey|key|hawk|hoba|mutual|oauth)\b/i;
const BRACKET_IN_WORDS = /^[[{(][ \t]+[a-z]{1,10}[ \t]+[a-z0-9]/;

/**
 * The span, unless its value is none that a field of this `name` keeps secret: a yes, a no or nothing;
 * for names of tokens also a count, a mark of a model's vocabulary (`</s>`) or of punctuation.
 */
export function unlessPlain(text: string, span: Span, name: string): Span | undefined {
  const { begin, end } = span;
  if (end <= begin) return undefined;
  if (end - begin > MAX_PLAIN_CHARACTERS) return span;
  const value = text.slice(begin, end);
  if (NO_SECRET.test(value)) return undefined;
  if (PASS_NAME.test(name) && SHORT_COUNT.test(value)) return undefined;
  if (!TOKEN_NAME.test(name)) return span;
  const isPlain = COUNT.test(value) || SPECIAL_TOKEN.test(value) || PUNCTUATION.test(value);
  return isPlain ? undefined : span;
}

/**
 * Whether what follows a name, a colon and a blank is a sentence about it: two words of small letters,
 * the first perhaps with a capital. After names of what may itself be made of words, as passwords, the
 * first must be one of those with which a complaint begins.
 */
export function isSentence(text: string, begin: number, name: string): boolean {
  const words = text.slice(begin, begin + MAX_WORDS_CHARACTERS);
  if (BRACKET_IN_WORDS.test(words)) return TOKEN_NAME.test(name);
  if (!TWO_WORDS.test(words) || SCHEME.test(words)) return false;
  return !OF_WORDS.test(name) || COMPLAINT.test(words);
}
