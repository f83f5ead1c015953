/**
 * Ends text at that of several stop strings which is complete first, the longest where two end in one
 * place. What could be the begin of a stop string is held back until it is known, so that the result
 * is the same however the text is cut into pieces.
 */
export class StopFilter {
  readonly #stops: readonly string[];
  #held = "";
  #stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** Whether a stop string has come; nothing passes any more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Takes the next piece and returns what may pass. */
  push(piece: string): string {
    if (this.#stopped) return "";
    if (this.#stops.length === 0) return piece;
    const text = this.#held + piece;
    let first: { at: number; end: number } | undefined;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at === -1) continue;
      const end = at + stop.length;
      const isFirst = first === undefined || end < first.end || end === first.end && at < first.at;
      if (isFirst) first = { at, end };
    }
    if (first !== undefined) {
      this.#stopped = true;
      this.#held = "";
      return text.slice(0, first.at);
    }
    const keep = this.#stops.reduce((most, stop) => Math.max(most, overlap(text, stop)), 0);
    this.#held = text.slice(text.length - keep);
    return text.slice(0, text.length - keep);
  }

  /** Returns what was held back, when no more comes. */
  flush(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}

/** How many characters at the end of `text` are the begin of `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
