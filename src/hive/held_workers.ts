import type { Worker } from "./worker.ts";

interface Hold {
  worker: Worker;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Keeps a worker that somebody has just been given until they use it, or do not in time: it must not be
 * stopped for being idle, nor to make room, between the answer and the request that follows it.
 */
export class HeldWorkers {
  readonly #onRelease: (worker: Worker) => void;
  readonly #holds = new Set<Hold>();

  /** @param onRelease Called when a worker may be of no use to anybody any more. */
  constructor(onRelease: (worker: Worker) => void) {
    this.#onRelease = onRelease;
  }

  /** Keeps it until the next {@linkcode used}, `ms` milliseconds at most. */
  hold(worker: Worker, ms: number): void {
    worker.waiters++;
    const hold: Hold = { worker, timer: setTimeout(() => this.#release(hold), ms) };
    this.#holds.add(hold);
  }

  /** Ends one hold of a worker, the oldest, since somebody uses it now. */
  used(worker: Worker): void {
    for (const hold of this.#holds) {
      if (hold.worker === worker) return this.#release(hold);
    }
  }

  /** Ends all. */
  close(): void {
    for (const hold of [...this.#holds]) this.#release(hold);
  }

  #release(hold: Hold): void {
    clearTimeout(hold.timer);
    if (!this.#holds.delete(hold)) return;
    hold.worker.waiters--;
    this.#onRelease(hold.worker);
  }
}
