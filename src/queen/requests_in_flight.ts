/**
 * How many requests the queen has under way at each worker. A hive says how busy its workers are every
 * two seconds; what was placed since then is known here alone, and would all go to one worker. What waits
 * for a worker that has no id yet is counted by any other name.
 */
export class RequestsInFlight {
  readonly #counts = new Map<string, number>();

  /** How many are under way at a worker. */
  at(workerId: string): number {
    return this.#counts.get(workerId) ?? 0;
  }

  /** The rest of each name that is counted now and begins so. */
  under(begin: string): string[] {
    return [...this.#counts.keys()].filter((name) => name.startsWith(begin))
      .map((name) => name.slice(begin.length));
  }

  /** Counts one more, until what it returns is called; further calls of that do nothing. */
  begin(workerId: string): () => void {
    this.#counts.set(workerId, this.at(workerId) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const left = this.at(workerId) - 1;
      if (left === 0) this.#counts.delete(workerId);
      else this.#counts.set(workerId, left);
    };
  }
}
