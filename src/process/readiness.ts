import { Backoff } from "../base/backoff.ts";
import { delay, unlessAborted } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";

/** How readiness is waited for. */
export interface ReadinessOptions {
  /** Asks once; true when ready. A probe that throws counts as "not yet". */
  probe(signal: AbortSignal): Promise<boolean>;
  /** Settles when the process has ended; waiting then ends at once. */
  exited: Promise<unknown>;
  /** When something last happened, in milliseconds of `performance.now()`. */
  lastProgress(): number;
  /** The limit without any progress. There is none in total. */
  stallMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * Probes with capped backoff until the process is ready.
 *
 * @throws {RbeeError} `exited_early` If the process ends first.
 * @throws {RbeeError} `timeout` If nothing happened for `stallMs`.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function waitUntilReady(options: ReadinessOptions): Promise<void> {
  const ended = new AbortController();
  const stop = options.signal === undefined
    ? ended.signal
    : AbortSignal.any([ended.signal, options.signal]);
  options.exited.then(() =>
    ended.abort(new RbeeError("exited_early", "The process ended before it was ready"))
  );
  const backoff = new Backoff({ firstMs: 20, maxMs: 500 });
  for (;;) {
    stop.throwIfAborted();
    const ready = await unlessAborted(options.probe(stop), stop).catch((error: unknown) => {
      if (stop.aborted) throw stop.reason;
      // Refused and reset connections are what "not yet" looks like.
      return error === undefined;
    });
    if (ready) return;
    if (performance.now() - options.lastProgress() > options.stallMs) {
      throw new RbeeError(
        "timeout",
        `Nothing happened for ${
          Math.round(options.stallMs / 1000)
        } s while waiting for it to be ready`,
      );
    }
    await delay(backoff.next(), { signal: stop });
  }
}
