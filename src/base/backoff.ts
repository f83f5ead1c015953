/** How waits grow. All in milliseconds. */
export interface BackoffOptions {
  /** The first wait. Default 50. */
  firstMs?: number;
  /** No wait is longer. Default 2,000. */
  maxMs?: number;
  /** Each wait is the one before times this. Default 2. */
  factor?: number;
  /** The part of a wait, 0 to 1, that is chance, so that many clients do not come back at once. */
  jitter?: number;
}

/** Waits that grow up to a cap. Holds no timer: the caller waits. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #nextMs: number;

  constructor(options: BackoffOptions = {}) {
    this.#options = { firstMs: 50, maxMs: 2000, factor: 2, jitter: 0, ...options };
    this.#nextMs = this.#options.firstMs;
  }

  /** The next wait in milliseconds. */
  next(): number {
    const { maxMs, factor, jitter } = this.#options;
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(maxMs, waitMs * factor);
    return Math.min(maxMs, waitMs) * (1 - jitter * Math.random());
  }

  /** Starts again at the first wait, after a success. */
  reset(): void {
    this.#nextMs = this.#options.firstMs;
  }
}
