/** A line without its end. `truncated` when it was longer than the splitter's limit. */
export interface Line {
  text: string;
  truncated: boolean;
}

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/**
 * Cuts a stream of bytes into lines at `\n` (a `\r` before it is dropped), decoding UTF-8.
 *
 * A character whose bytes arrive in different chunks stays whole; invalid bytes become U+FFFD.
 * A line of more than `maxLineBytes` (default 65,536) bytes is cut there and marked; the rest of it
 * is dropped. Memory is bounded by that limit. Order is the order of the bytes.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #truncated = false;

  constructor(options: { maxLineBytes?: number } = {}) {
    this.#maxLineBytes = options.maxLineBytes ?? 65_536;
  }

  /** Takes the next bytes and returns the lines that they complete. Keeps no view of `chunk`. */
  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) break;
      this.#hold(chunk.subarray(start, end), false);
      lines.push(this.#take());
      start = end + 1;
    }
    this.#hold(chunk.subarray(start), true);
    return lines;
  }

  /** Returns what is left without a line end, if anything is. The splitter can be used again. */
  flush(): Line | undefined {
    return this.#heldBytes === 0 ? undefined : this.#take();
  }

  #hold(part: Uint8Array, copy: boolean): void {
    // One more, for the carriage return of a line that is exactly as long as the limit.
    const room = this.#maxLineBytes + 1 - this.#heldBytes;
    if (part.length > room) {
      this.#truncated = true;
      part = part.subarray(0, room);
    }
    if (part.length === 0) return;
    this.#held.push(copy ? part.slice() : part);
    this.#heldBytes += part.length;
  }

  #take(): Line {
    let bytes = this.#held.length === 1 ? this.#held[0]! : concat(this.#held, this.#heldBytes);
    if (!this.#truncated && bytes[bytes.length - 1] === CARRIAGE_RETURN) {
      bytes = bytes.subarray(0, -1);
    }
    const truncated = bytes.length > this.#maxLineBytes;
    if (truncated) bytes = bytes.subarray(0, this.#maxLineBytes);
    const text = this.#decoder.decode(truncated ? wholeCharacters(bytes) : bytes);
    this.#held = [];
    this.#heldBytes = 0;
    this.#truncated = false;
    return { text, truncated };
  }
}

function concat(parts: Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Drops the first bytes of a character that a cut has left incomplete at the end. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.subarray(0, -back) : bytes;
    }
    if (byte < 0x80) return bytes;
  }
  return bytes;
}
