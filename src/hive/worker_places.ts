import { RbeeError } from "../base/rbee_error.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import type { PlacesTelemetry } from "../contracts/telemetry.ts";
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
  /** Those that are being stopped. */
  stopping(): Pick<Worker, "id">[];
  /** Ends one of them, so that its place is free. */
  remove(worker: Worker): void;
  /** Told when somebody begins to wait, is given a place or leaves one. */
  onChange(): void;
}

/** Who comes for a place. */
export interface PlaceSeeker {
  /** Its id as a worker. */
  id: string;
  /** Gets what it needs before it can use a place, its model, which may take hours or fail. */
  fetch(): Promise<void>;
  signal: AbortSignal;
}

/** The places of a hive's workers: a fixed number, first come first served. */
export class WorkerPlaces {
  readonly #options: WorkerPlacesOptions;
  readonly #places: SlotQueue<number>;
  /** Who has a place. */
  readonly #seated = new Set<string>();
  /** Who waits for one. */
  readonly #queued = new Set<string>();
  #fetching = 0;

  constructor(options: WorkerPlacesOptions) {
    this.#options = options;
    this.#places = new SlotQueue([...Array(options.maxWorkers).keys()]);
  }

  /**
   * @throws {RbeeError} `queue_full` If as many wait as may, or more fetch their models than could have
   * a place or wait for one.
   * @throws {RbeeError} `all_pinned` If no place will ever be free.
   */
  requireRoom(): void {
    const { maxWorkers, maxQueue, pinned, unused } = this.#options;
    if (pinned() >= maxWorkers) {
      throw new RbeeError(
        "all_pinned",
        `${this.#all} pinned; stop one with rbee worker stop ID, or raise hive.max_workers in rbee.yaml`,
      );
    }
    const { waiting } = this.#places;
    if (this.#fetching > maxWorkers + maxQueue) {
      requireRoom({ free: 0, waiting: waiting + this.#fetching }, maxQueue);
    }
    requireRoom({ free: this.#places.free + unused(), waiting }, maxQueue);
  }

  /** Whether a worker waits for a place. */
  isQueued(id: string): boolean {
    return this.#queued.has(id);
  }

  /** What others have to know to choose a hive for one more worker. */
  get telemetry(): PlacesTelemetry {
    const { maxWorkers, maxQueue, pinned } = this.#options;
    return {
      total: maxWorkers,
      free: this.#places.free,
      pinned: pinned(),
      waiting: this.#places.waiting,
      max_waiting: maxQueue,
    };
  }

  /**
   * Has a worker fetch what it needs, then waits for a place and gives what leaves it. Where there is
   * none, a worker that nobody uses has to go; otherwise the place in the queue is narrated each time it
   * changes.
   *
   * @throws {unknown} What `fetch` throws; if `signal` aborts while waiting: its reason.
   */
  async enter({ id, fetch, signal }: PlaceSeeker): Promise<() => void> {
    this.#fetching++;
    try {
      await fetch();
    } finally {
      this.#fetching--;
    }
    const place = await this.#wait(id, signal);
    this.#seated.add(id);
    this.#options.onChange();
    return () => {
      this.#seated.delete(id);
      this.#places.release(place);
      this.#options.onChange();
    };
  }

  /** Ends workers that nobody uses, as many as are waited for. To be called when one is used no more. */
  makeRoom(): void {
    this.#makeRoomFor(this.#places.waiting);
  }

  async #wait(id: string, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const { waiting, free } = this.#places;
    if (free === 0) this.#makeRoomFor(waiting + 1);
    const onPlace = narratePlace((place) =>
      place > this.#leaving ? `${this.#all} in use` : "A worker is being stopped to make room"
    );
    const entering = this.#places.acquire({ signal, onPlace });
    if (this.#places.waiting === waiting) return await entering;
    this.#queued.add(id);
    this.#options.onChange();
    try {
      return await entering;
    } finally {
      this.#queued.delete(id);
    }
  }

  #makeRoomFor(waiting: number): void {
    const { removable, remove } = this.#options;
    const wanted = waiting - this.#leaving;
    for (const worker of removable().slice(0, Math.max(0, wanted))) remove(worker);
  }

  /** How many places are about to be free. Who is stopped before it had one leaves none. */
  get #leaving(): number {
    return this.#options.stopping().filter(({ id }) => this.#seated.has(id)).length;
  }

  get #all(): string {
    const { maxWorkers } = this.#options;
    return maxWorkers === 1
      ? "The one worker that may run is"
      : `All ${maxWorkers} workers that may run are`;
  }
}
