import type { Progress } from "../contracts/narration_record.ts";

const TELL_EVERY_MS = 250;

/** How far a worker has come with its model, by what it narrates itself. */
export class LoadProgress {
  readonly #onProgress: () => void;
  #percent: number | undefined;
  #toldMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param options.onProgress Called when it has come further: at once, but 4 times a second at most, and
   * then for the last in any case, unless that is cleared before.
   */
  constructor(options: { onProgress: () => void }) {
    this.#onProgress = options.onProgress;
  }

  /** From 0 to 100; undefined when nothing has been said since it was cleared. */
  get percent(): number | undefined {
    return this.#percent;
  }

  /** Takes what the worker said. What is not in percent is passed over. */
  note({ current, unit }: Progress): void {
    if (unit !== "percent") return;
    const percent = Math.min(100, current);
    if (percent === this.#percent) return;
    this.#percent = percent;
    if (this.#timer !== undefined) return;
    const leftMs = this.#toldMs + TELL_EVERY_MS - performance.now();
    if (leftMs <= 0) this.#tell();
    else this.#timer = setTimeout(() => this.#tell(), leftMs);
  }

  /** Forgets it, and tells of it no more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#percent = undefined;
  }

  #tell(): void {
    this.#timer = undefined;
    this.#toldMs = performance.now();
    this.#onProgress();
  }
}
