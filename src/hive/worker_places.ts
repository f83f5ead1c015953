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

  /** @throws {RbeeError} `queue_full` If as many wait as may. */
  requireRoom(): void {
    const free = this.#places.free + this.#options.removable().length;
    requireRoom({ free, waiting: this.#places.waiting }, this.#options.maxQueue);
  }

  /**
   * Waits for a place and gives what leaves it. Where there is none, a worker that nobody uses has to
   * go; otherwise the place in the queue is narrated each time it changes.
   *
   * @throws {unknown} If `signal` aborts while waiting: its reason.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    const { maxWorkers, removable, remove } = this.#options;
    if (this.#places.free === 0) {
      const [first] = removable();
      if (first !== undefined) remove(first);
    }
    const onPlace = narratePlace(`All ${maxWorkers} workers that may run are in use`);
    const place = await this.#places.acquire({ signal, onPlace });
    return () => this.#places.release(place);
  }
}
