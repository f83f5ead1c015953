const SLICE_MS = 500;
const SLICES = 5;

/** What is counted of one worker: a few numbers, however many tokens come. */
interface WorkerCount {
  /** Tokens by slice of time; a slice is used anew after 2.5 s. */
  slices: number[];
  /** The number of the slice that was counted in last. */
  last: number;
}

/** Counts the tokens that the queen relays, by worker and by hive. A token costs a look at the clock. */
export class TokenRates {
  readonly #now: () => number;
  readonly #workers = new Map<string, WorkerCount>();
  #ofHives = new Map<string, number>();

  /** @param options.now The clock, in milliseconds. Default `performance.now`. */
  constructor(options: { now?: () => number } = {}) {
    this.#now = options.now ?? (() => performance.now());
  }

  /** Counts one token of a worker. */
  count({ hive, workerId }: { hive: string; workerId: string }): void {
    const slice = Math.floor(this.#now() / SLICE_MS);
    let worker = this.#workers.get(workerId);
    if (worker === undefined) {
      worker = { slices: new Array(SLICES).fill(0), last: slice };
      this.#workers.set(workerId, worker);
    }
    moveTo(worker, slice);
    worker.slices[slice % SLICES]!++;
    this.#ofHives.set(hive, (this.#ofHives.get(hive) ?? 0) + 1);
  }

  /** Tokens of a worker in a second, as a mean over the last 2 to 2.5 seconds; 0 after that. */
  rateOf(workerId: string): number {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return 0;
    const nowMs = this.#now();
    moveTo(worker, Math.floor(nowMs / SLICE_MS));
    const tokens = worker.slices.reduce((sum, count) => sum + count, 0);
    // The slice of now has only begun.
    const seconds = ((SLICES - 1) * SLICE_MS + nowMs % SLICE_MS) / 1000;
    return Math.round(tokens / seconds * 10) / 10;
  }

  /** How many tokens each hive's workers have given since this was asked the last time. */
  takeHives(): ReadonlyMap<string, number> {
    const taken = this.#ofHives;
    this.#ofHives = new Map();
    return taken;
  }

  /** Forgets the workers that are not among these: they are gone. */
  keepOnly(workerIds: ReadonlySet<string>): void {
    for (const id of this.#workers.keys()) if (!workerIds.has(id)) this.#workers.delete(id);
  }
}

/** Empties the slices that have come round again since the last that was counted in. */
function moveTo(worker: WorkerCount, slice: number): void {
  const from = Math.max(worker.last + 1, slice - SLICES + 1);
  for (let passed = from; passed <= slice; passed++) worker.slices[passed % SLICES] = 0;
  worker.last = Math.max(worker.last, slice);
}
