import { printableText } from "../process/printable_text.ts";

// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\p{Bidi_Control}]/gu;

/** Makes one line of what others said, without what a terminal would obey and marks of direction; tabs stay. */
export function shownLine(text: string): string {
  return printableText(text).replaceAll("\n", " ");
}

/**
 * Writes each control character but tab and `\n`, and each mark of direction, as JSON would in a string, `\u001b`. JSON stays the
 * same value: it writes no others, and of these those from U+007F on as they are.
 */
export function escapeControls(text: string): string {
  return text.replace(
    CONTROL,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
