import { Backoff } from "../base/backoff.ts";
import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";
import { PassingFailure } from "./http_failure.ts";

/** How often and how soon something is tried again. */
export interface RetryOptions {
  /** How many failures in a row, without a byte between them, are borne. Default 8. */
  patience?: number;
  /** The first wait, in milliseconds. Default 500; it doubles up to 30,000. */
  firstMs?: number;
  /** Whether a later attempt needs less, having what this one got. Default true. */
  keeps?: boolean;
}

/** Counts failures that may pass, and waits between them. */
export class Retry {
  readonly #what: string;
  readonly #patience: number;
  readonly #backoff: Backoff;
  readonly #keeps: boolean;
  #failures = 0;

  /** @param what What is tried, as in `Cannot fetch WHAT`. */
  constructor(what: string, options: RetryOptions = {}) {
    const { patience = 8, firstMs = 500, keeps = true } = options;
    this.#keeps = keeps;
    this.#what = what;
    this.#patience = patience;
    this.#backoff = new Backoff({ firstMs, maxMs: 30_000, jitter: 0.2 });
  }

  /** Something has come. */
  succeeded(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#backoff.reset();
  }

  /**
   * Waits before the next attempt: as long as the server asks, or with backoff. Narrates it.
   *
   * @throws {unknown} What was thrown, where it cannot pass; `signal`'s reason if it aborts.
   * @throws {RbeeError} `download_failed` If it has failed too often.
   */
  async failed(error: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!(error instanceof PassingFailure)) throw error;
    this.#failures++;
    if (this.#failures > this.#patience) {
      throw new RbeeError(
        "download_failed",
        `Cannot fetch ${this.#what}: ${error.message}, ${this.#failures} times in a row; ${
          this.#keeps ? "what has come is kept, " : ""
        }try again later`,
      );
    }
    const waitMs = error.waitMs ?? this.#backoff.next();
    const inSeconds = waitMs < 1000 ? "" : ` in ${Math.ceil(waitMs / 1000)} s`;
    narrate("download_retry", `${error.message}; trying again${inSeconds}`, { level: "warn" });
    await delay(waitMs, { signal });
  }

  /** Does something until it goes well. @throws {unknown} As {@linkcode Retry.failed}. */
  async until<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await this.failed(error, signal);
      }
    }
  }
}
