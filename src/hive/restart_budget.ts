import { Backoff } from "../base/backoff.ts";

/** How often a worker that dies is started again. */
export interface RestartOptions {
  /** Restarts within the window. Default 5. */
  maxRestarts?: number;
  /** In milliseconds. Default 10 minutes. */
  windowMs?: number;
  /** The wait before the first, doubled each time, with chance in it. Default 250. */
  firstMs?: number;
  /** No wait is longer. Default 30,000. */
  maxMs?: number;
  /** The clock, in milliseconds. Default `performance.now`. */
  now?: () => number;
}

/** Counts restarts, and says when the next one is due, if there is one. Holds no timer. */
export class RestartBudget {
  /** Restarts within the window. */
  readonly maxRestarts: number;
  /** In milliseconds. */
  readonly windowMs: number;
  readonly #now: () => number;
  readonly #backoff: Backoff;
  #restartsMs: number[] = [];

  constructor(options: RestartOptions = {}) {
    this.maxRestarts = options.maxRestarts ?? 5;
    this.windowMs = options.windowMs ?? 600_000;
    this.#now = options.now ?? (() => performance.now());
    const { firstMs = 250, maxMs = 30_000 } = options;
    this.#backoff = new Backoff({ firstMs, maxMs, jitter: 0.5 });
  }

  /** Restarts in the window that ends now. */
  get used(): number {
    const since = this.#now() - this.windowMs;
    this.#restartsMs = this.#restartsMs.filter((ms) => ms > since);
    return this.#restartsMs.length;
  }

  /** Takes one restart, and returns how long to wait before it; undefined when there is none left. */
  take(): number | undefined {
    const { used } = this;
    if (used >= this.maxRestarts) return undefined;
    // After a window without trouble it begins small again.
    if (used === 0) this.#backoff.reset();
    this.#restartsMs.push(this.#now());
    return this.#backoff.next();
  }
}
