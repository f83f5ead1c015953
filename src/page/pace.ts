/** Lets a value that changes often through at most once in a while. What is let through is never made up. */
export class Pace<T> {
  #shown: T;
  #shownMs: number;

  /** @param nowMs The time, on a clock that never goes back. */
  constructor(value: T, nowMs: number) {
    this.#shown = value;
    this.#shownMs = nowMs;
  }

  /** What was let through last. */
  get shown(): T {
    return this.#shown;
  }

  /**
   * Lets the value through if the last one was that long ago.
   *
   * @returns After how many milliseconds it is to be taken again; undefined: it is through.
   */
  take(
    value: T,
    { everyMs, nowMs }: { everyMs: number; nowMs: number },
  ): number | undefined {
    if (value === this.#shown) return undefined;
    const waitMs = this.#shownMs + everyMs - nowMs;
    if (waitMs > 0) return waitMs;
    this.#shown = value;
    this.#shownMs = nowMs;
    return undefined;
  }
}
