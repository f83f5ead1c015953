/** How far a download is. */
export interface DownloadProgress {
  /** Bytes that are there. Never goes back. */
  current: number;
  /** Bytes in all; 0 when that is not known. */
  total: number;
  /** Bytes a second over the last seconds; 0 when nothing has come for that long. */
  rate: number;
  /** Seconds that are left at that rate; undefined when that cannot be told. */
  left: number | undefined;
}

const WINDOW_MS = 5000;

/** Turns counts of bytes into how far and how fast. */
export class ProgressMeter {
  readonly #now: () => number;
  readonly #total: () => number;
  #current: number;
  #samples: { ms: number; bytes: number }[];

  /**
   * @param options.total Bytes in all, asked each time; 0 when that is not known.
   * @param options.bytes What is there already, which tells nothing of the rate. Default 0.
   * @param options.now The time in milliseconds. Default `performance.now()`.
   */
  constructor(options: { total: () => number; bytes?: number; now?: () => number }) {
    const { total, bytes = 0, now = () => performance.now() } = options;
    this.#now = now;
    this.#total = total;
    this.#current = bytes;
    this.#samples = [{ ms: now(), bytes }];
  }

  /** How far it is with so many bytes there. Of bytes that are lost, nothing is shown. */
  at(bytes: number): DownloadProgress {
    const ms = this.#now();
    const newest = this.#samples.at(-1)!;
    // What was thrown away has not come.
    if (bytes < newest.bytes) this.#samples = [{ ms, bytes }];
    else this.#samples.push({ ms, bytes });
    const old = this.#samples.findLastIndex((sample) => sample.ms <= ms - WINDOW_MS);
    if (old > 0) this.#samples.splice(0, old);
    this.#current = Math.max(this.#current, bytes);
    const [first] = this.#samples;
    const seconds = (ms - first!.ms) / 1000;
    const rate = seconds > 0 ? (bytes - first!.bytes) / seconds : 0;
    const total = this.#total();
    const left = rate > 0 && total > 0 ? Math.max(0, total - bytes) / rate : undefined;
    return { current: this.#current, total, rate, left };
  }
}
