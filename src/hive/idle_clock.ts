import type { Worker } from "./worker.ts";

/** What an {@linkcode IdleClock} needs to know. */
export interface IdleClockOptions {
  /** How long a worker may be without use, in milliseconds; 0: for ever. */
  idleMs(worker: Worker): number;
  /** Called when one was not used for that long. */
  onIdle(worker: Worker, idleMs: number): void;
}

// A timer that is set for longer goes off at once.
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A timer for each worker that is ready and not used. Holds none when all are busy. */
export class IdleClock {
  readonly #options: IdleClockOptions;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #closed = false;

  constructor(options: IdleClockOptions) {
    this.#options = options;
  }

  /** Looks at a worker again: to be called when its state or its use has changed. */
  watch(worker: Worker): void {
    clearTimeout(this.#timers.get(worker.id));
    this.#timers.delete(worker.id);
    const idleMs = this.#options.idleMs(worker);
    if (this.#closed || idleMs === 0 || !isUnused(worker)) return;
    const leftMs = Math.max(0, worker.lastUsedMs + idleMs - performance.now());
    const timer = setTimeout(() => {
      this.#timers.delete(worker.id);
      if (leftMs > MAX_TIMER_MS) this.watch(worker);
      else if (isUnused(worker)) this.#options.onIdle(worker, idleMs);
    }, Math.min(leftMs, MAX_TIMER_MS));
    this.#timers.set(worker.id, timer);
  }

  /** Lets go of all timers; no worker is idle any more. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** Whether a worker is ready and nobody uses it or waits for it. */
export function isUnused(worker: Worker): boolean {
  return worker.state === "ready" && worker.requests === 0 && worker.waiters === 0;
}
