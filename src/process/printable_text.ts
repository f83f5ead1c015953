const CONTROL =
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

// ECMA-48: a control sequence, a control string up to its terminator, any other escape sequence; and
// each control character that is left, with the marks of direction, of which one can have the rest of a
// line read backwards. Where a sequence breaks off at the end, what is there goes.
const SEQUENCE =
  // deno-lint-ignore no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*(?:[@-~]|$)|(?:\u001b[PX\]^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0090\u0098\u009b-\u009f]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

// deno-lint-ignore no-control-regex
const COLOR = /^\u001b\[[0-9;:]*m$/;

/** Whether `text` holds a control character other than a tab and `\n`, or a mark of direction. */
export function hasControls(text: string): boolean {
  return CONTROL.test(text);
}

/** Removes from `line` whatever a terminal would obey, a tab excepted, and marks of direction. */
export function printableText(line: string): string {
  return line.replace(SEQUENCE, "");
}

/** As {@linkcode printableText}, but leaves what sets colour and style: `\x1b[…m`. */
export function paintedText(line: string): string {
  return line.replace(SEQUENCE, (sequence) => COLOR.test(sequence) ? sequence : "");
}
