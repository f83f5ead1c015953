/** How often something may happen: so many times at once, and from then on so many a second. */
export interface Rate {
  /** May be below 1. 0: as often as one likes. */
  perSecond: number;
  /** From 1. */
  burst: number;
}

/**
 * Measures how often something happens, as a bucket that holds `burst` and fills with `perSecond`: the
 * generic cell rate algorithm of ITU-T I.371, which keeps one number. The rate may be another each time.
 */
export class RateMeter {
  /** When the bucket will be full again. */
  #fullAtMs = -Infinity;

  /**
   * Takes one where there is one.
   *
   * @param nowMs From a clock that never goes back.
   * @returns 0 where it was taken; else nothing is taken, and there will be one in so many milliseconds.
   */
  take({ perSecond, burst }: Rate, nowMs: number): number {
    if (perSecond === 0) return 0;
    const oneMs = 1000 / perSecond;
    const fullAtMs = Math.max(this.#fullAtMs, nowMs);
    const waitMs = fullAtMs - nowMs - (burst - 1) * oneMs;
    // Sums of fractions are off by a little.
    if (waitMs > 1e-6) return waitMs;
    this.#fullAtMs = fullAtMs + oneMs;
    return 0;
  }
}
