/** A line as it is given on. */
export interface PrintedLine {
  /** Without anything that a terminal would obey. */
  line: string;
  /** The same with its colours. */
  painted: string;
  truncated: boolean;
}

/** What a {@linkcode ProgressLine} needs. */
export interface ProgressLineOptions {
  /** Gets each update that is to be shown. Must not throw. */
  show(update: PrintedLine): void;
  /** What has been printed since the last line end or return, when that could be an update. */
  rest(): PrintedLine | undefined;
  /** The time in milliseconds. Default `performance.now()`. */
  now?: () => number;
}

/** At most ten updates a second. */
const SPACING_MS = 100;
/** How long what has no end yet may still grow, before it is taken for whole. */
const SETTLE_MS = 20;

/**
 * The line that a program writes over and over, with a bare `\r` between its updates.
 *
 * Shows the newest update, 100 ms or more after the one before; those between are dropped. An update
 * that nothing follows is shown all the same, within 100 ms, also when neither `\r` nor `\n` has ended
 * it. Blank updates, which only clear the line, and those that change nothing are passed over. Holds
 * one timer while something is still to be shown, and none otherwise.
 */
export class ProgressLine {
  readonly #options: ProgressLineOptions;
  readonly #now: () => number;
  #open = false;
  #shown: string | undefined;
  #pending: PrintedLine | undefined;
  #shownMs = -Infinity;
  /** When what has no end yet has begun to come. */
  #restMs: number | undefined;
  /** Whether what is due has been held back once, for what has no end yet. */
  #heldBack = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ProgressLineOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether the line being printed has been written over. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether the next line may depend on what was updated before it. */
  get isBusy(): boolean {
    return this.#open || this.#pending !== undefined;
  }

  /** Takes an update that a return has ended. */
  update(update: PrintedLine): void {
    this.#open = true;
    if (isBlank(update)) return;
    this.#pending = update.line === this.#shown ? undefined : update;
  }

  /**
   * Ends the line with what `\n` has ended, and returns what of it is still to be given on: the last
   * that a terminal would show, unless it has already been shown. What was still to be shown gives way.
   */
  finish(last: PrintedLine): PrintedLine | undefined {
    const shown = this.#shown;
    const pending = this.#open ? this.#pending : undefined;
    this.#open = false;
    this.#shown = undefined;
    this.#pending = undefined;
    if (last.line === shown) return undefined;
    if (isBlank(last) && (pending ?? shown) !== undefined) return pending;
    return last;
  }

  /**
   * Ends the line for what is none of the program's lines. What was to be shown is shown now if it is
   * due, and else when it is, unless a line comes first.
   */
  interrupt(): void {
    if (this.#pending !== undefined && this.#leftMs() <= 0) this.#show(this.#pending);
    this.#open = false;
    this.#shown = undefined;
  }

  /**
   * Shows what is due, and sees to what will be. To be called after each read, with whether it has left
   * something without an end, and whether that has begun with it.
   */
  settle(rest: "none" | "new" | "same"): void {
    if (rest === "none") this.#restMs = undefined;
    else if (rest === "new" || this.#restMs === undefined) this.#restMs = this.#now();
    if (this.#pending === undefined && rest === "none") return;
    const leftMs = this.#leftMs();
    if (this.#pending !== undefined && rest === "none" && leftMs <= 0) this.#show(this.#pending);
    else if (this.#timer === undefined) this.#wait(Math.max(leftMs, SETTLE_MS));
  }

  /** Lets go of the timer, and returns what was still to be shown. */
  close(): PrintedLine | undefined {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#pending;
  }

  /** How long the next update must wait, in milliseconds; not positive when it need not. */
  #leftMs(): number {
    return this.#shownMs + SPACING_MS - this.#now();
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#onTime(), Math.ceil(ms));
  }

  #onTime(): void {
    this.#timer = undefined;
    const leftMs = this.#leftMs();
    // Timers may be early by a fraction of a millisecond.
    if (leftMs > 0) return this.#wait(leftMs);
    const growsMs = this.#restMs === undefined ? 0 : this.#restMs + SETTLE_MS - this.#now();
    // What is the newest is known when that is whole, unless more and more is printed.
    this.#heldBack = growsMs > 0 && !this.#heldBack;
    if (this.#heldBack) return this.#wait(growsMs);
    const rest = growsMs > 0 ? undefined : this.#options.rest();
    const newest = rest === undefined || isBlank(rest) ? this.#pending : rest;
    this.#pending = undefined;
    if (newest !== undefined && newest.line !== this.#shown) {
      if (newest === rest) this.#open = true;
      this.#show(newest);
    }
    if (growsMs > 0) this.#wait(growsMs);
  }

  #show(update: PrintedLine): void {
    this.#pending = undefined;
    // What was interrupted is of no line any more.
    if (this.#open) this.#shown = update.line;
    this.#shownMs = this.#now();
    this.#options.show(update);
  }
}

function isBlank({ line }: PrintedLine): boolean {
  return line.trim() === "";
}
