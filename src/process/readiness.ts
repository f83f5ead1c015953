import { Backoff } from "../base/backoff.ts";
import { delay, unlessAborted, within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { SignalBell } from "../base/signal_bell.ts";

/** How readiness is waited for. */
export interface ReadinessOptions {
  /** Asks once; true when ready. A probe that throws counts as "not yet". */
  probe(signal: AbortSignal): Promise<boolean>;
  /** Settles when the process has ended; waiting then ends at once. */
  exited: Promise<unknown>;
  /** When something last happened, in milliseconds of `performance.now()`. */
  lastProgress(): number;
  /** The limit without any progress. */
  stallMs: number;
  /** The limit in total, progress or not. Default: none. */
  totalMs?: number | undefined;
  /** Rings when something has happened, so that it is asked at once and not only when its time comes. */
  news?: SignalBell | undefined;
  signal?: AbortSignal | undefined;
}

// A process that floods its output must not be flooded with questions.
const MIN_PAUSE_MS = 20;
const MIN_PROBE_MS = 250;
const MAX_PROBE_MS = 60_000;
const LAST_LOOK_MS = 500;

/**
 * Probes with capped backoff, and at news, until the process is ready.
 *
 * @throws {RbeeError} `exited_early` If the process ends first.
 * @throws {RbeeError} `timeout` If nothing happened for `stallMs`, or `totalMs` are over.
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
  const news = options.news ?? new SignalBell();
  const backoff = new Backoff({ firstMs: MIN_PAUSE_MS, maxMs: 500 });
  const leftMs = () => options.lastProgress() + options.stallMs - performance.now();
  const endMs = performance.now() + (options.totalMs ?? Infinity);
  for (;;) {
    stop.throwIfAborted();
    const attempt = new AbortController();
    const probing = options.probe(AbortSignal.any([stop, attempt.signal])).catch(() => {
      // Refused and reset connections are what "not yet" looks like.
      return false;
    });
    // A probe that hangs counts as silence, like everything else.
    const patienceMs = Math.min(leftMs(), endMs - performance.now());
    const ready = await within(unlessAborted(probing, stop), probeMs(patienceMs));
    attempt.abort();
    if (ready) return;
    // What it said while this process did not run has still to be read.
    if (leftMs() < 0) await delay(LAST_LOOK_MS, { signal: stop });
    if (leftMs() < 0) {
      throw new RbeeError(
        "timeout",
        `Nothing happened for ${
          Math.round(options.stallMs / 1000)
        } s while waiting for it to be ready`,
      );
    }
    if (performance.now() > endMs) {
      throw new RbeeError(
        "timeout",
        `It was not ready ${Math.round((options.totalMs ?? 0) / 1000)} s after it was started`,
      );
    }
    await delay(MIN_PAUSE_MS, { signal: stop });
    await news.wait({ timeoutMs: backoff.next() - MIN_PAUSE_MS, signal: stop });
  }
}

function probeMs(leftMs: number): number {
  return Math.min(MAX_PROBE_MS, Math.max(MIN_PROBE_MS, leftMs));
}
