// A window is looked for at every step, so each shared run of both together less one is found.
const WINDOW = 12;
const STEP = 8;
const SHORTEST = 4;

/**
 * Tells whether `message` repeats any of `texts`: 19 letters and digits in a row of a long one, or the
 * whole of a shorter one that has at least 4. Only letters and digits count, so that escapes, line ends
 * and quotation marks hide nothing. Ordinary words that happen to stand in both count too: who asks
 * rather says less than repeats what is private.
 */
export function quotes(message: string, texts: Iterable<string>): boolean {
  const said = lettersOf(message);
  const windows: string[] = [];
  for (let at = 0; at + WINDOW <= said.length; at += STEP) {
    windows.push(said.slice(at, at + WINDOW));
  }
  for (const text of texts) {
    const letters = lettersOf(text);
    if (letters.length < SHORTEST) continue;
    if (letters.length < WINDOW + STEP && said.includes(letters)) return true;
    if (windows.some((window) => letters.includes(window))) return true;
  }
  return false;
}

/** The letters and digits alone, all small; `\n` and its like, written out, are none. */
function lettersOf(text: string): string {
  return text.replace(/(?:\\[a-z]|[^\p{L}\p{N}])+/gu, "").toLowerCase();
}
