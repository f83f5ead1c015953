/**
 * Wakes all who wait, each time it rings. Nothing is remembered between rings: who waits looks at the
 * state it cares about first, then waits. Ringing with nobody waiting costs next to nothing.
 */
export class SignalBell {
  #waiters = new Set<() => void>();

  /** Wakes all who wait now. */
  ring(): void {
    if (this.#waiters.size === 0) return;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Has `wake` called at the next ring. Returns what takes it back, which may be called at any time. */
  onRing(wake: () => void): () => void {
    // One that is not another's, so that the same may be woken by two.
    const waiter = () => wake();
    this.#waiters.add(waiter);
    return () => void this.#waiters.delete(waiter);
  }

  /**
   * Resolves true at the next ring, or false after `timeoutMs` or when `signal` aborts, whichever
   * comes first. Leaves no timer and no listener behind.
   */
  wait(options: { timeoutMs?: number; signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    const { timeoutMs, signal } = options;
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const finish = (rung: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#waiters.delete(onRing);
        resolve(rung);
      };
      const onRing = () => finish(true);
      const onAbort = () => finish(false);
      const timer = timeoutMs === undefined ? undefined : setTimeout(finish, timeoutMs, false);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(onRing);
    });
  }
}
