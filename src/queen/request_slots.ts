import { SlotCount } from "../base/slot_count.ts";
import type { QueenLimits } from "../config/rbee_yaml.ts";
import { narratePlace, requireRoom } from "../jobs/waiting_line.ts";

/** How many requests for inference the queen works on at once. */
export class RequestSlots {
  readonly #slots: SlotCount;
  #limits: QueenLimits;
  /** Told how long each request has waited, in seconds. */
  onWaited: ((seconds: number) => void) | undefined;

  constructor(limits: QueenLimits) {
    this.#limits = limits;
    this.#slots = new SlotCount(limits.max_requests);
  }

  /** How many requests are worked on, and how many wait. */
  get counts(): { running: number; waiting: number } {
    const { count, surplus, free, waiting } = this.#slots;
    return { running: count + surplus - free, waiting };
  }

  /** Takes up other limits. What runs and what waits already stays. */
  reconfigure(limits: QueenLimits): void {
    this.#limits = limits;
    this.#slots.resize(limits.max_requests);
  }

  /** @throws {RbeeError} `queue_full` If as many wait as may. */
  requireRoom(): void {
    requireRoom(this.#slots, this.#limits.max_queue);
  }

  /**
   * Does `work` when one more request may run; until then the place in the queue is narrated.
   *
   * @throws {unknown} If `signal` aborts while it waits: its reason; and as `work` does.
   */
  async inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const onPlace = narratePlace(`All ${this.#slots.count} requests that may run at once do`);
    const sinceMs = performance.now();
    const giveBack = await this.#slots.acquire({ signal, onPlace });
    this.onWaited?.((performance.now() - sinceMs) / 1000);
    try {
      return await work();
    } finally {
      giveBack();
    }
  }
}
