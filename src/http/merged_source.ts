import type { EventSource, MergeableSource } from "./event_stream.ts";

/**
 * Several event sources as one. Each read asks the source after the one that gave last, so that none, however
 * much it has, keeps another back; the events of one source keep their order. A source that has ended is
 * left out; it ends when all have.
 */
export class MergedSource implements EventSource {
  readonly #sources: readonly MergeableSource[];
  /** Where in the list it is asked first. */
  #next = 0;

  /** @param sources What is merged; in its first round they are asked in this order. */
  constructor(sources: readonly MergeableSource[]) {
    this.#sources = sources;
  }

  get ended(): boolean {
    return this.#sources.every(({ ended }) => ended);
  }

  /** What the next source in turn has now; undefined when none has anything. */
  read(): Uint8Array | undefined {
    const { length } = this.#sources;
    for (let asked = 0; asked < length; asked++) {
      const at = (this.#next + asked) % length;
      const source = this.#sources[at]!;
      const bytes = source.ended ? undefined : source.read();
      if (bytes === undefined) continue;
      this.#next = at + 1;
      return bytes;
    }
    return undefined;
  }

  /**
   * Resolves true when any source may have more, false after `timeoutMs` or when `signal` aborts. Nobody
   * goes on to wait in the others.
   */
  wait({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    // One that has ended would say at once, for ever, that there may be more.
    const open = this.#sources.filter(({ ended }) => !ended);
    if (open.length === 0 || open.some(({ hasMore }) => hasMore)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (more: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        for (const takeBack of waiting) takeBack();
        resolve(more);
      };
      const wake = () => finish(true);
      const onAbort = () => finish(false);
      // One timer and one listener for all: this is done for nearly each event.
      const timer = setTimeout(onAbort, timeoutMs);
      signal.addEventListener("abort", onAbort, { once: true });
      const waiting = open.map((source) => source.onMore(wake));
    });
  }
}
