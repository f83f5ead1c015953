import { isKeyLine, opensKey } from "./private_key.ts";
import { mayHoldSecret, redact, REDACTED } from "./redact.ts";

const END = "-----END";
// The longest keys have some 250; what never ends must not hide all that follows.
const MAX_KEY_LINES = 500;

/**
 * Takes the secrets out of the lines of one stream, one by one in their order, as `redact` does with a
 * text, and out of private keys that stand in several lines: each of those becomes `[redacted]`, up to the
 * first that cannot be one of a key, and for at most 500 where the last one never comes.
 */
export class LineRedactor {
  #keyLines = 0;

  /** Whether the next line can be a part of a private key. */
  get inKey(): boolean {
    return this.#keyLines > 0;
  }

  /** Whether anything in `text`, which may be several lines, must be looked at line by line. */
  concerns(text: string): boolean {
    return this.#keyLines > 0 || mayHoldSecret(text);
  }

  /** The next line, without its secrets. */
  line(text: string): string {
    if (this.#keyLines > 0) return this.#keyLine(text);
    const clean = redact(text);
    if (clean !== text && opensKey(text)) this.#keyLines = MAX_KEY_LINES;
    return clean;
  }

  /** A line that is not whole yet, and will come again as the next one. */
  peek(text: string): string {
    return this.#keyLines > 0 && isOfKey(text) ? REDACTED : redact(text);
  }

  #keyLine(text: string): string {
    if (!isOfKey(text)) {
      this.#keyLines = 0;
      return this.line(text);
    }
    const end = text.indexOf(END);
    if (end === -1) {
      this.#keyLines--;
      return text.trim() === "" ? text : REDACTED;
    }
    this.#keyLines = 0;
    const close = text.indexOf("-----", end + END.length);
    return REDACTED + (close === -1 ? "" : this.line(text.slice(close + "-----".length)));
  }
}

function isOfKey(line: string): boolean {
  return line.includes(END) || isKeyLine(line);
}
