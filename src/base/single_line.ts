/** What turns the direction of the text after it, and of all that stands in its line; nobody sees it. */
const DIRECTION = /\p{Bidi_Control}+/gu;
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
// deno-lint-ignore no-control-regex
const HAS_CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\p{Bidi_Control}]/u;

/**
 * Makes one printable line of `text`: each run of control characters and line ends becomes a space, and
 * marks of direction go. Nothing that a terminal would obey or that makes other text read backwards, and
 * no second line, is left. Lone surrogates become U+FFFD.
 */
export function singleLine(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  if (!HAS_CONTROL.test(wellFormed)) return wellFormed;
  return wellFormed.replace(DIRECTION, "").replace(CONTROL, " ").trim();
}

/**
 * Cuts `text` to at most `maxCharacters` UTF-16 units, the mark that says how many there were
 * included. Never splits a surrogate pair.
 */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const mark = ` [cut: ${text.length} characters]`;
  const head = text.slice(0, Math.max(0, maxCharacters - mark.length));
  return head.toWellFormed().replace(/\ufffd$/, "") + mark;
}
