/** Told to who waits whenever its place changes; 1 is the next. */
export type OnPlace = (place: number) => void;

interface Waiter<T> {
  onPlace: OnPlace;
  take(slot: T): void;
}

/** A fixed number of slots, each used by one at a time, first come first served. */
export class SlotQueue<T> {
  readonly #free: T[];
  #waiting: Waiter<T>[] = [];

  constructor(slots: readonly T[]) {
    this.#free = [...slots];
  }

  /** How many slots nobody uses. */
  get free(): number {
    return this.#free.length;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves with a slot, which the caller gives back with {@linkcode release}. Of several free ones it
   * is the one of the greatest worth, and among equals the one that has been free for longest; who has
   * to wait gets the first that becomes free.
   *
   * @param options.worth What a free slot is worth to this caller. Default: all the same.
   * @throws {unknown} If `signal` aborts while waiting: its reason. The place in the queue is given up.
   */
  acquire(
    options: { signal: AbortSignal; onPlace: OnPlace; worth?: (slot: T) => number },
  ): Promise<T> {
    const { signal, onPlace, worth } = options;
    signal.throwIfAborted();
    const slot = this.#takeFree(worth);
    if (slot !== undefined) return Promise.resolve(slot);
    return new Promise((resolve, reject) => {
      const waiter: Waiter<T> = {
        onPlace,
        take: (given) => {
          signal.removeEventListener("abort", onAbort);
          resolve(given);
        },
      };
      const onAbort = () => {
        const place = this.#waiting.indexOf(waiter);
        this.#waiting.splice(place, 1);
        this.#tellPlaces(place);
        reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiter);
      onPlace(this.#waiting.length);
    });
  }

  /** Gives a slot back, to the next who waits. */
  release(slot: T): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#free.push(slot);
      return;
    }
    next.take(slot);
    this.#tellPlaces(0);
  }

  /** Takes a free slot away for good. False where all are used. */
  withdraw(): boolean {
    return this.#free.pop() !== undefined;
  }

  #takeFree(worth: ((slot: T) => number) | undefined): T | undefined {
    if (worth === undefined || this.#free.length < 2) return this.#free.shift();
    const worths = this.#free.map(worth);
    return this.#free.splice(worths.indexOf(Math.max(...worths)), 1)[0];
  }

  #tellPlaces(from: number): void {
    for (let i = from; i < this.#waiting.length; i++) this.#waiting[i]!.onPlace(i + 1);
  }
}
