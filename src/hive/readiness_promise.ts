/** A promise that something is ready, which is made anew when it is no longer. */
export class Readiness {
  #current = Promise.withResolvers<void>();
  #settled = new AbortController();

  constructor() {
    this.#watch();
  }

  /** Resolves when it is ready; rejects with the reason when it will never be. */
  get promise(): Promise<void> {
    return this.#current.promise;
  }

  /** Aborts when the present promise is settled. */
  get settled(): AbortSignal {
    return this.#settled.signal;
  }

  resolve(): void {
    this.#current.resolve();
    this.#settled.abort();
  }

  reject(error: unknown): void {
    this.#current.reject(error);
    this.#settled.abort();
  }

  /** Begins again, if the present promise is settled; who waits for one that is not goes on waiting. */
  renew(): void {
    if (!this.#settled.signal.aborted) return;
    this.#current = Promise.withResolvers();
    this.#settled = new AbortController();
    this.#watch();
  }

  /** Who waits gets the reason; with nobody waiting nothing is to be reported. */
  #watch(): void {
    this.#current.promise.catch((error: unknown) => error);
  }
}
