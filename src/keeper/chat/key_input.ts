import { emitKeypressEvents, type Key } from "node:readline";
import { PassThrough, type Readable } from "node:stream";
import { printableText } from "../../process/printable_text.ts";

/** Where keys go. */
export interface KeyInputOptions {
  /**
   * Called with letters that came at once, or with all that was pasted: lines ended by `\n`, tabs, and
   * no other control character.
   */
  onText(text: string): void;
  /** Called with any other key, and what it would type. */
  onKey(text: string | undefined, key: Key): void;
}

// xterm's bracketed paste: what the terminal sends around a text that is pasted. Deno's keys end a
// sequence after two digits, so these two are looked for before.
const PASTE_BEGINS = "\x1b[200~";
const PASTE_ENDS = "\x1b[201~";

/**
 * Reads keys from a terminal in the order in which they are pressed. Letters are gathered as far as
 * they come in one piece, so that a long text costs its reader one step and not one for each letter.
 * Nothing is kept beyond a piece but a paste that has not ended. A tab is text where letters come
 * behind it.
 */
export class KeyInput implements Disposable {
  readonly #stdin: Readable;
  readonly #options: KeyInputOptions;
  readonly #decoder = new TextDecoder();
  /** Makes keys of what is emitted as its data, at once. */
  readonly #keys = new PassThrough();
  #letters = "";
  #pasted: string[] | undefined;
  /** The begin of what may become a mark of a paste. */
  #held = "";
  #isDisposed = false;

  /** Reads from `stdin` until it is disposed, and leaves pausing it to its caller. */
  constructor(stdin: Readable, options: KeyInputOptions) {
    this.#stdin = stdin;
    this.#options = options;
    emitKeypressEvents(this.#keys);
    this.#keys.on("keypress", this.#onKeypress);
    stdin.on("data", this.#onData);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#stdin.off("data", this.#onData);
    this.#keys.destroy();
  }

  readonly #onData = (piece: Uint8Array): void => {
    let text = this.#held + this.#decoder.decode(piece, { stream: true });
    this.#held = "";
    while (text !== "" && !this.#isDisposed) {
      const mark = this.#pasted === undefined ? PASTE_BEGINS : PASTE_ENDS;
      const at = text.indexOf(mark);
      const end = at < 0 ? text.length - this.#begunLength(text, mark) : at;
      if (this.#pasted === undefined) this.#press(text.slice(0, end));
      else this.#pasted.push(text.slice(0, end));
      if (at < 0) {
        this.#held = text.slice(end);
        return;
      }
      this.#turn();
      text = text.slice(end + mark.length);
    }
  };

  /** A paste begins, or ends. */
  #turn(): void {
    const pasted = this.#pasted;
    this.#pasted = pasted === undefined ? [] : undefined;
    // Terminals send the key Enter for the end of a line.
    if (pasted) this.#give(printableText(pasted.join("").replaceAll(/\r\n?/g, "\n")));
  }

  #press(text: string): void {
    if (text === "") return;
    this.#keys.emit("data", text);
    const letters = this.#takeLetters();
    if (!letters.endsWith("\t")) return this.#give(letters);
    this.#give(letters.slice(0, -1));
    if (!this.#isDisposed) this.#options.onKey("\t", { name: "tab" });
  }

  readonly #onKeypress = (text: string | undefined, key: Key): void => {
    if (text !== undefined && printableText(text) === text && text !== "\n") {
      this.#letters += text;
      return;
    }
    this.#give(this.#takeLetters());
    if (!this.#isDisposed) this.#options.onKey(text, key);
  };

  #takeLetters(): string {
    const letters = this.#letters;
    this.#letters = "";
    return letters;
  }

  #give(text: string): void {
    if (text !== "" && !this.#isDisposed) this.#options.onText(text);
  }

  /** How many characters at the end of `text` may be the begin of `mark`. */
  #begunLength(text: string, mark: string): number {
    // By itself ESC is a key, which is not to wait for the next one.
    const least = this.#pasted === undefined ? 2 : 1;
    for (let length = Math.min(mark.length - 1, text.length); length >= least; length--) {
      if (mark.startsWith(text.slice(-length))) return length;
    }
    return 0;
  }
}
