/** From where to where a part of a text stands, the end exclusive. */
export interface Span {
  begin: number;
  end: number;
}

/** Where the run of `character` from `at` ends; `at` where there is none. */
export function runEnd(text: string, at: number, character: RegExp): number {
  let end = at;
  while (end < text.length && character.test(text[end]!)) end++;
  return end;
}

/** Whether what stands at `at` was a secret, and is none any more. */
export function isRedacted(text: string, at: number): boolean {
  return text.startsWith("[redacted]", at);
}
