import { RbeeError } from "../base/rbee_error.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import { narratePlace, requireRoom } from "../jobs/waiting_line.ts";
import type { Worker } from "./worker.ts";

/** What decides about the places of a hive's workers. */
export interface WorkerPlacesOptions {
  /** How many workers run at once. */
  maxWorkers: number;
  /** How many more may wait for a place. */
  maxQueue: number;
  /** Workers that nobody uses and that may go, the first of them first. */
  removable(): Worker[];
  /** How many nobody uses, with those that may go only in a moment. */
  unused(): number;
  /** How many never leave their place by themselves. */
  pinned(): number;
  /** How many are about to leave their place. */
  leaving(): number;
  /** Ends one of them, so that its place is free. */
  remove(worker: Worker): void;
}

/** The places of a hive's workers: a fixed number, first come first served. */
export class WorkerPlaces {
  readonly #options: WorkerPlacesOptions;
  readonly #places: SlotQueue<number>;

  constructor(options: WorkerPlacesOptions) {
    this.#options = options;
    this.#places = new SlotQueue([...Array(options.maxWorkers).keys()]);
  }

  /**
   * @throws {RbeeError} `queue_full` If as many wait as may.
   * @throws {RbeeError} `all_pinned` If no place will ever be free.
   */
  requireRoom(): void {
    if (this.#options.pinned() >= this.#options.maxWorkers) {
      throw new RbeeError(
        "all_pinned",
        `${this.#all} pinned; stop one with rbee worker stop ID, or raise hive.max_workers in rbee.yaml`,
      );
    }
    const free = this.#places.free + this.#options.unused();
    requireRoom({ free, waiting: this.#places.waiting }, this.#options.maxQueue);
  }

  /**
   * Waits for a place and gives what leaves it. Where there is none, a worker that nobody uses has to
   * go; otherwise the place in the queue is narrated each time it changes.
   *
   * @throws {unknown} If `signal` aborts while waiting: its reason.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    const onPlace = narratePlace(`${this.#all} in use`);
    const entering = this.#places.acquire({ signal, onPlace });
    this.makeRoom();
    const place = await entering;
    return () => this.#places.release(place);
  }

  get #all(): string {
    const { maxWorkers } = this.#options;
    return maxWorkers === 1
      ? "The one worker that may run is"
      : `All ${maxWorkers} workers that may run are`;
  }

  /** Ends workers that nobody uses, as many as are waited for. To be called when one is used no more. */
  makeRoom(): void {
    const { removable, remove, leaving } = this.#options;
    const wanted = this.#places.waiting - leaving();
    for (const worker of removable().slice(0, Math.max(0, wanted))) remove(worker);
  }
}
