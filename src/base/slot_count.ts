import { type OnPlace, SlotQueue } from "./slot_queue.ts";

/** Slots that are all alike, whose number may change while they are used; first come first served. */
export class SlotCount {
  readonly #slots: SlotQueue<null>;
  #count: number;
  #surplus = 0;

  constructor(count: number) {
    this.#count = count;
    this.#slots = new SlotQueue(Array<null>(count).fill(null));
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** How many nobody uses. */
  get free(): number {
    return this.#slots.free;
  }

  /** How many are used beyond the number: those that are given back first are nobody's. */
  get surplus(): number {
    return this.#surplus;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#slots.waiting;
  }

  /**
   * Changes the number. What is new goes to those who wait; where there are fewer, nobody loses the slot
   * that it has, and the next ones that are given back are nobody's.
   */
  resize(count: number): void {
    const added = count - this.#count;
    this.#count = count;
    for (let i = 0; i < added; i++) this.#giveBack();
    for (let i = 0; i < -added; i++) {
      if (!this.#slots.withdraw()) this.#surplus++;
    }
  }

  /**
   * Resolves with what gives the slot back, to be called once.
   *
   * @throws {unknown} If `signal` aborts while waiting: its reason. The place in the queue is given up.
   */
  async acquire(options: { signal: AbortSignal; onPlace: OnPlace }): Promise<() => void> {
    await this.#slots.acquire(options);
    return () => this.#giveBack();
  }

  #giveBack(): void {
    if (this.#surplus > 0) this.#surplus--;
    else this.#slots.release(null);
  }
}
