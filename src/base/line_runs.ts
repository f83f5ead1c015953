/** Lines that stand one after the other in a stream of bytes, without their ends. */
export interface LineRun {
  /** The lines, with `end` between them. */
  text: string;
  /**
   * `\n` for lines that ended with one, with `\r\n`, or with the stream; `\r` for lines that a bare
   * carriage return ended, so that a terminal writes what follows over them.
   */
  end: "\n" | "\r";
  /** Whether it is a single line that was longer than the limit and was cut there. */
  truncated: boolean;
}

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/**
 * Cuts a stream of bytes into lines at `\n`, `\r\n` and bare `\r`, as many at once as stand together,
 * decoding UTF-8.
 *
 * A character whose bytes arrive in different chunks stays whole; invalid bytes become U+FFFD, and
 * never touch the line after theirs. A line of more than `maxLineBytes` (default 65,536) bytes is cut
 * there; the rest of it is dropped up to its end. Memory is bounded by that limit. Order is the order
 * of the bytes.
 */
export class LineRuns {
  readonly #maxLineBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #held = new Uint8Array(0);
  #heldBytes = 0;
  #cut = false;
  #returned = false;

  constructor(options: { maxLineBytes?: number } = {}) {
    this.#maxLineBytes = options.maxLineBytes ?? 65_536;
  }

  /** Takes the next bytes and returns the lines that they complete. Keeps no view of `chunk`. */
  push(chunk: Uint8Array): LineRun[] {
    const runs: LineRun[] = [];
    if (chunk.length === 0) return runs;
    let at = 0;
    if (this.#returned) {
      const end = chunk[0] === NEWLINE ? "\n" : "\r";
      this.#take(runs, end);
      if (end === "\n") at = 1;
    }
    let carriageReturn = next(chunk, CARRIAGE_RETURN, at);
    while (at < chunk.length) {
      const together = this.#addTogether(runs, chunk, at, carriageReturn);
      at = together > at ? together : this.#addNext(runs, chunk, at, carriageReturn);
      if (carriageReturn < at) carriageReturn = next(chunk, CARRIAGE_RETURN, at);
    }
    return runs;
  }

  /** Whether anything has come of a line that has no end yet. */
  get hasRest(): boolean {
    return this.#heldBytes > 0;
  }

  /** Whether that was followed by a carriage return, of which the next byte tells what it means. */
  get hasReturned(): boolean {
    return this.#returned;
  }

  /** What has come of a line that has no end yet, without a last character that is not whole. */
  get rest(): { text: string; truncated: boolean } {
    return { text: this.#decodeHeld(true), truncated: this.#cut };
  }

  /** Returns what is left without a line end, if anything is. Can be used again after it. */
  flush(): LineRun | undefined {
    const runs: LineRun[] = [];
    if (this.#heldBytes > 0) this.#take(runs, "\n");
    this.#returned = false;
    return runs[0];
  }

  /**
   * Adds the lines from `at` that can be decoded in one go: whole, with the same end, and together not
   * longer than the limit of one. Returns where they end; `at` when there are none.
   */
  #addTogether(runs: LineRun[], chunk: Uint8Array, at: number, carriageReturn: number): number {
    if (this.#heldBytes > 0 || this.#cut) return at;
    // Where the last end may stand, exclusive, so that no line before it can be too long.
    const limit = Math.min(chunk.length, at + this.#maxLineBytes + 1);
    const newline = last(chunk, NEWLINE, at, Math.min(limit, carriageReturn));
    if (newline !== -1) {
      add(runs, this.#decoder.decode(chunk.subarray(at, newline)), "\n");
      return newline + 1;
    }
    if (carriageReturn >= limit) return at;
    // Not the one before a line end, nor one whose next byte has not come.
    const bound = Math.min(limit, next(chunk, NEWLINE, carriageReturn) - 1, chunk.length - 1);
    const replaced = last(chunk, CARRIAGE_RETURN, at, bound);
    if (replaced === -1) return at;
    add(runs, this.#decoder.decode(chunk.subarray(at, replaced)), "\r");
    return replaced + 1;
  }

  /** Adds the line that ends next after `at`, or holds what has come of it. Returns where to go on. */
  #addNext(runs: LineRun[], chunk: Uint8Array, at: number, carriageReturn: number): number {
    const newline = next(chunk, NEWLINE, at);
    const stop = Math.min(newline, carriageReturn);
    this.#hold(chunk.subarray(at, stop));
    if (stop === newline) {
      if (stop < chunk.length) this.#take(runs, "\n");
      return stop + 1;
    }
    if (stop + 1 === chunk.length) {
      this.#returned = true;
      return stop + 1;
    }
    const ends = chunk[stop + 1] === NEWLINE;
    this.#take(runs, ends ? "\n" : "\r");
    return stop + (ends ? 2 : 1);
  }

  #hold(part: Uint8Array): void {
    const room = this.#maxLineBytes - this.#heldBytes;
    if (part.length > room) {
      this.#cut = true;
      part = part.subarray(0, room);
    }
    const bytes = this.#heldBytes + part.length;
    if (bytes > this.#held.length) {
      const larger = new Uint8Array(Math.min(this.#maxLineBytes, Math.max(256, 2 * bytes)));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(part, this.#heldBytes);
    this.#heldBytes = bytes;
  }

  #take(runs: LineRun[], end: "\n" | "\r"): void {
    const text = this.#decodeHeld(this.#cut);
    if (this.#cut) runs.push({ text, end, truncated: true });
    else add(runs, text, end);
    this.#heldBytes = 0;
    this.#cut = false;
    this.#returned = false;
  }

  #decodeHeld(goesOn: boolean): string {
    const bytes = this.#held.subarray(0, this.#heldBytes);
    if (!goesOn) return this.#decoder.decode(bytes);
    // As if more were to come, which leaves the begin of a character out; and then forgets it.
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#decoder.decode();
    return text;
  }
}

/** Adds to the run before when they belong together, so that a chunk gives as few as possible. */
function add(runs: LineRun[], text: string, end: "\n" | "\r"): void {
  const before = runs.at(-1);
  if (before !== undefined && before.end === end && !before.truncated) before.text += end + text;
  else runs.push({ text, end, truncated: false });
}

/** Where `byte` stands next, from `at`; the length when it does not. */
function next(chunk: Uint8Array, byte: number, at: number): number {
  const found = chunk.indexOf(byte, at);
  return found === -1 ? chunk.length : found;
}

/** Where `byte` stands last between `at` and `bound`, which is exclusive; -1 when it does not. */
function last(chunk: Uint8Array, byte: number, at: number, bound: number): number {
  if (bound <= at) return -1;
  // A view, since a search backwards in the whole would go on beyond `at`.
  const found = chunk.subarray(at, bound).lastIndexOf(byte);
  return found === -1 ? -1 : at + found;
}
