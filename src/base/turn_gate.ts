import { setImmediate } from "node:timers";

const WINDOW_MS = 1;

/**
 * Lets only so many through in one turn of the event loop, first come first served, so that many small
 * pieces of work leave room for others on the same loop. With few who ask it costs next to nothing.
 */
export class TurnGate {
  readonly #perTurn: number;
  #left: number;
  #windowMs = 0;
  #waiting: (() => void)[] = [];

  /** @param options.perTurn How many are let through in a turn. */
  constructor(options: { perTurn: number }) {
    this.#perTurn = options.perTurn;
    this.#left = options.perTurn;
  }

  /** Undefined when the caller may go on at once; otherwise resolves when it may. */
  enter(): Promise<void> | undefined {
    if (this.#waiting.length === 0) {
      const nowMs = performance.now();
      if (nowMs - this.#windowMs > WINDOW_MS) {
        this.#windowMs = nowMs;
        this.#left = this.#perTurn;
      }
      if (this.#left > 0) {
        this.#left--;
        return undefined;
      }
      setImmediate(() => this.#letThrough());
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #letThrough(): void {
    const next = this.#waiting.splice(0, this.#perTurn);
    if (this.#waiting.length > 0) setImmediate(() => this.#letThrough());
    for (const resolve of next) resolve();
  }
}
