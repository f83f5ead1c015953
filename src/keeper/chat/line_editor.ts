import process from "node:process";
import { createInterface, type Interface, type Key } from "node:readline";
import { Readable, Writable } from "node:stream";
import { KeyInput } from "./key_input.ts";

/** How a line came to be read. */
export type ReadLine =
  | { kind: "line"; text: string }
  /** Ctrl-C; `wasEmpty` when nothing had been typed. */
  | { kind: "interrupt"; wasEmpty: boolean }
  /** Ctrl-D at an empty line, or the terminal has gone. */
  | { kind: "end" };

/** What a {@linkcode LineEditor} needs of its surroundings. */
export interface LineEditorOptions {
  /** Shows text as it stands, in order with all else that is shown. */
  show(text: string): void;
  /** Resolves when all that was shown is written. */
  flush(): Promise<void>;
  /** Called at Ctrl-C while no line is waited for. */
  onInterrupt(): void;
  /** What the Tab key makes of a line. */
  complete(line: string): [string[], string];
}

const HISTORY_LINES = 1000;

// xterm's bracketed paste: the terminal marks what is pasted.
const MARK_PASTES = "\x1b[?2004h";
const LEAVE_PASTES = "\x1b[?2004l";

const END: ReadLine = { kind: "end" };

/** What node:readline has of the line that is being edited, which its types let nobody change. */
interface EditedLine {
  line: string;
  cursor: number;
  /** How many rows above the cursor are drawn over. */
  prevRows: number;
}

/**
 * Reads lines from the person's terminal, with editing and a history of 1,000 lines in memory. From the
 * first to {@linkcode LineEditor.close} keys come as they are pressed: Ctrl-C is a key and no signal.
 * What is pasted becomes part of the line, its line ends too.
 *
 * What is typed while no line is waited for is not shown then; it stands at the next prompt, and whole
 * lines of it are read one after the other, and so is a Ctrl-D behind them. Ctrl-C takes it back.
 */
export class LineEditor {
  readonly #options: LineEditorOptions;
  readonly #readline: Interface;
  readonly #keys: KeyInput;
  readonly #isDumb = process.env.TERM === "dumb";
  #early: ReadLine[] = [];
  #waiting: ((read: ReadLine) => void) | undefined;
  #closed = false;

  constructor(options: LineEditorOptions) {
    this.#options = options;
    this.#readline = createInterface({
      input: keylessInput(),
      output: this.#output(),
      terminal: true,
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: options.complete,
    });
    this.#readline.on("line", (text) => this.#read({ kind: "line", text }));
    this.#readline.on("SIGINT", () => this.#interrupted());
    // After Ctrl-Z and the shell's fg.
    this.#readline.on("SIGCONT", () => {
      this.#markPastes(true);
      process.stdin.resume();
      if (this.#waiting === undefined) this.#readline.resume();
      else this.#readline.prompt(true);
    });
    this.#readline.on("close", () => this.#close());
    this.#keys = new KeyInput(process.stdin, {
      onText: (text) => this.#insert(text),
      onKey: (text, key) => this.#press(text, key),
    });
    process.stdin.on("end", this.#onStdinEnd);
    process.stdin.resume();
    this.#markPastes(true);
  }

  /**
   * Shows the prompt and waits for a line, without a limit. One at a time.
   *
   * @throws {unknown} If `signal` aborts: its reason.
   */
  async read(prompt: string, options: { signal: AbortSignal }): Promise<ReadLine> {
    const { signal } = options;
    signal.throwIfAborted();
    const early = this.#early.shift();
    if (early !== undefined) {
      this.#options.show(`${prompt}${early.kind === "line" ? `${early.text}\n` : ""}`);
      return early;
    }
    if (this.#closed) return END;
    const { promise, resolve, reject } = Promise.withResolvers<ReadLine>();
    const onAbort = () => reject(signal.reason);
    this.#waiting = resolve;
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#readline.setPrompt(prompt);
      // What was typed before has not been drawn.
      this.#edited.prevRows = 0;
      this.#readline.prompt(true);
      return await promise;
    } finally {
      this.#waiting = undefined;
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Gives the terminal back as it was. */
  close(): void {
    this.#readline.close();
  }

  get #edited(): EditedLine {
    return this.#readline as unknown as EditedLine;
  }

  /** Takes what was read, for who waits, or for later. */
  #read(read: ReadLine): void {
    const waiting = this.#waiting;
    if (waiting === undefined) this.#early.push(read);
    // What comes in the same breath was typed for later.
    this.#waiting = undefined;
    waiting?.(read);
  }

  #press(text: string | undefined, key: Key): void {
    if (key.ctrl && key.name === "d" && this.#waiting === undefined && this.#edited.line === "") {
      // node:readline would give the terminal back at once.
      this.#read(END);
    } else if (key.ctrl && key.name === "z") {
      this.#markPastes(false);
      // The process stops with the key, and what is not written then would come after the shell's prompt.
      void this.#options.flush().then(() => this.#write(text, key));
    } else this.#write(text, key);
  }

  #write(text: string | undefined, key: Key): void {
    if (!this.#closed) this.#readline.write(text ?? null, key);
  }

  /** Puts a text at the cursor. */
  #insert(text: string): void {
    if (this.#closed) return;
    // No letter is wider than two columns.
    const columns = this.#readline.getCursorPos().cols + 2 * text.length;
    if (!/[\n\t]/.test(text) && columns < (process.stdout.columns || Infinity)) {
      this.#readline.write(text);
    } else this.#insertRows(text);
  }

  /**
   * Puts a text that needs new rows at the cursor, and draws once. node:readline's own way would end
   * the line at each `\n`, and count on one row at most.
   */
  #insertRows(text: string): void {
    // For it the search in the history ends here, as with any other key.
    this.#readline.write("");
    const edited = this.#edited;
    const { line, cursor } = edited;
    edited.line = line.slice(0, cursor) + text + line.slice(cursor);
    edited.cursor = cursor + text.length;
    if (this.#waiting === undefined) return;
    // There it cannot move, and would show the prompt alone.
    if (this.#isDumb) this.#options.show(text);
    else this.#readline.prompt(true);
  }

  readonly #onStdinEnd = (): void => this.#readline.close();

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#markPastes(false);
    this.#keys[Symbol.dispose]();
    process.stdin.off("end", this.#onStdinEnd);
    process.stdin.pause();
    this.#read(END);
  }

  #markPastes(areMarked: boolean): void {
    if (!this.#isDumb) this.#options.show(areMarked ? MARK_PASTES : LEAVE_PASTES);
  }

  #interrupted(): void {
    const isReading = this.#waiting !== undefined;
    const wasEmpty = this.#readline.line === "";
    this.#early = [];
    if (isReading && !wasEmpty) this.#options.show("^C\n");
    const waiting = this.#waiting;
    // The empty line is not to be drawn where another thing is shown next.
    this.#waiting = undefined;
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#readline.write(null, { ctrl: true, name: "u" });
    if (isReading) waiting?.({ kind: "interrupt", wasEmpty });
    else this.#options.onInterrupt();
  }

  /** Where the editor draws: in order with the answer, and not into it. */
  #output(): Writable {
    const draw = (text: string) => {
      if (this.#waiting !== undefined) this.#options.show(text);
    };
    const output = new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        draw(text);
        done();
      },
    });
    return Object.defineProperty(output, "columns", { get: () => process.stdout.columns });
  }
}

/** What node:readline takes for the terminal: it gives no keys, which are written to it. */
function keylessInput(): Readable {
  const setRawMode = (isRaw: boolean) => process.stdin.setRawMode(isRaw);
  return Object.assign(new Readable({ read() {} }), { setRawMode });
}
