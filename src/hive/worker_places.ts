import { RbeeError } from "../base/rbee_error.ts";
import { SlotCount } from "../base/slot_count.ts";
import type { HiveSettings } from "../config/hive_settings.ts";
import type { PlacesTelemetry } from "../contracts/telemetry.ts";
import { narratePlace, requireRoom } from "../jobs/waiting_line.ts";
import { pinnedWorkers, removableWorkers, unusedWorkers } from "./removable_workers.ts";
import type { Worker } from "./worker.ts";

/** What decides about the places of a hive's workers. */
export interface WorkerPlacesOptions {
  /** How many run at once, how many more may wait, and which of them are pinned: read at each use. */
  settings: HiveSettings;
  /** Those that have not ended, oldest first. */
  running(): Worker[];
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

/** The places of a hive's workers, first come first served. */
export class WorkerPlaces {
  readonly #options: WorkerPlacesOptions;
  readonly #places: SlotCount;
  /** Who has a place. */
  readonly #seated = new Set<string>();
  /** Who waits for one. */
  readonly #queued = new Set<string>();
  #fetching = 0;

  constructor(options: WorkerPlacesOptions) {
    this.#options = options;
    this.#places = new SlotCount(options.settings.limits.max_workers);
  }

  /** Takes up another number of places. Where there are fewer, workers that run keep theirs. */
  reconfigured(): void {
    this.#places.resize(this.#limits.max_workers);
    this.makeRoom();
  }

  /**
   * @throws {RbeeError} `queue_full` If as many wait as may, or more fetch their models than could have
   * a place or wait for one.
   * @throws {RbeeError} `all_pinned` If no place will ever be free.
   */
  requireRoom(): void {
    const { max_workers: maxWorkers, max_queue: maxQueue } = this.#limits;
    if (this.#pinned >= maxWorkers) {
      throw new RbeeError(
        "all_pinned",
        `${this.#all} pinned; stop one with rbee worker stop ID, or raise hive.max_workers in rbee.yaml`,
      );
    }
    const { free, surplus, waiting } = this.#places;
    if (this.#fetching > maxWorkers + maxQueue) {
      requireRoom({ free: 0, waiting: waiting + this.#fetching }, maxQueue);
    }
    const { settings, running } = this.#options;
    const unused = Math.max(0, unusedWorkers(running(), settings).length - surplus);
    requireRoom({ free: free + unused, waiting }, maxQueue);
  }

  /** Whether a worker waits for a place. */
  isQueued(id: string): boolean {
    return this.#queued.has(id);
  }

  /** What others have to know to choose a hive for one more worker. */
  get telemetry(): PlacesTelemetry {
    const { max_workers: total, max_queue: maxWaiting } = this.#limits;
    const { free, waiting } = this.#places;
    return { total, free, pinned: this.#pinned, waiting, max_waiting: maxWaiting };
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
    const leave = await this.#wait(id, signal);
    this.#seated.add(id);
    this.#options.onChange();
    return () => {
      this.#seated.delete(id);
      leave();
      this.#options.onChange();
    };
  }

  /** Ends workers that nobody uses, as many as are waited for. To be called when one is used no more. */
  makeRoom(): void {
    this.#makeRoomFor(this.#places.waiting);
  }

  async #wait(id: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const { waiting, free } = this.#places;
    if (free === 0) this.#makeRoomFor(waiting + 1);
    const onPlace = narratePlace((place) =>
      place > this.#leaving - this.#places.surplus
        ? `${this.#all} in use`
        : "A worker is being stopped to make room"
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
    const { settings, running, remove } = this.#options;
    // Where there are more workers than may be, the places of the first that go are nobody's.
    const wanted = waiting === 0 ? 0 : waiting + this.#places.surplus - this.#leaving;
    const removable = removableWorkers(running(), settings);
    for (const worker of removable.slice(0, Math.max(0, wanted))) remove(worker);
  }

  /** How many are about to leave their place. Who is stopped before it had one leaves none. */
  get #leaving(): number {
    return this.#options.running()
      .filter(({ id, state }) => state === "stopping" && this.#seated.has(id)).length;
  }

  get #pinned(): number {
    return pinnedWorkers(this.#options.running(), this.#options.settings).length;
  }

  get #limits(): HiveSettings["limits"] {
    return this.#options.settings.limits;
  }

  get #all(): string {
    const { max_workers: maxWorkers } = this.#limits;
    return maxWorkers === 1
      ? "The one worker that may run is"
      : `All ${maxWorkers} workers that may run are`;
  }
}
