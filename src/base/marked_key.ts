import { runEnd, type Span } from "./text_span.ts";

const KEY_CHARACTER = /[A-Za-z0-9_-]/;
const PREFIX_CHARACTER = /[A-Za-z0-9]/;
const MIN_KEY_CHARACTERS = 16;
const MIN_HUB_CHARACTERS = 30;
const OWN_CHARACTERS = 43;
const MAX_WORDS_CHARACTERS = 64;
const MAX_PREFIX_CHARACTERS = 8;
const MIN_PART_CHARACTERS = 10;
const OWN_LONG_PART = /[A-Za-z0-9]{16}/;
// Words begin so, too.
const USUAL_PREFIX = /^(?:sk|rk|npm|pypi)$/;

/** `sk-…`, `hf_…`, whose last character of the mark is at `at`: of the form of a key, and not of words. */
export function markedKey(text: string, at: number): Span | undefined {
  const begin = at + 1;
  const mark = markBefore(text, at);
  // Enough to judge by, so that what is none is not read to its end for each sign in it.
  const start = /^[A-Za-z0-9_-]*/.exec(text.slice(begin, begin + MAX_WORDS_CHARACTERS))![0];
  if (!isKey(mark, start)) return undefined;
  // Of base64, where the others have none of its signs.
  const end = runEnd(text, begin, mark === "whsec" ? /[A-Za-z0-9_+/=-]/ : KEY_CHARACTER);
  return { begin, end };
}

function isKey(mark: string, start: string): boolean {
  if (mark === "hf") return runEnd(start, 0, PREFIX_CHARACTER) >= MIN_HUB_CHARACTERS;
  if (mark === "rbee") {
    return start.length === OWN_CHARACTERS ||
      (start.length > OWN_CHARACTERS && OWN_LONG_PART.test(start));
  }
  if (start.length < MIN_KEY_CHARACTERS) return false;
  if (USUAL_PREFIX.test(mark)) return start.split(/[_-]/).some(isRandom);
  const isWords = start.length < MAX_WORDS_CHARACTERS && !/[0-9A-Z]/.test(start) &&
    /[_-]/.test(start);
  return !isWords;
}

/** Long and of more than one kind of character, or longer than words are. */
function isRandom(part: string): boolean {
  if (part.length >= 2 * MIN_PART_CHARACTERS) return true;
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/].filter((kind) => kind.test(part)).length;
  return part.length >= MIN_PART_CHARACTERS && kinds > 1;
}

function markBefore(text: string, at: number): string {
  let begin = at;
  while (
    begin > 0 && at - begin < MAX_PREFIX_CHARACTERS && PREFIX_CHARACTER.test(text[begin - 1]!)
  ) begin--;
  return text.slice(begin, at);
}
