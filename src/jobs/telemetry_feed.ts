import { BEAT_MS } from "../contracts/telemetry.ts";
import type { Context } from "hono";
import { SignalBell } from "../base/signal_bell.ts";
import { eventStreamResponse, type MergeableSource } from "../http/event_stream.ts";
import { countStream } from "../http/limit_requests.ts";
import { STREAM_HEAD } from "../sse/encode_event.ts";

/** How telemetry is made and sent. */
export interface TelemetryFeedOptions {
  /** What is sent. `beat` is false for what is sent between two beats, because something changed. */
  snapshot(options: { beat: boolean }): unknown;
  /** Milliseconds from one to the next when nothing changes. Default 2,000. */
  beatMs?: number;
}

// A reader that is so far behind wants to know how things are, not how they were.
const MAX_WAITING = 64;
const encoder = new TextEncoder();

/**
 * Sends the state of a role to any number of readers: at once when they come, at each beat, and at each
 * change. Nothing is made while nobody reads. A slow reader loses the oldest it has not read; one without
 * `id`s, all but the newest.
 */
export class TelemetryFeed {
  readonly #options: TelemetryFeedOptions;
  readonly #readers = new Set<TelemetryReader>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #count = 0;

  constructor(options: TelemetryFeedOptions) {
    this.#options = options;
  }

  /** Says that something has changed. */
  changed(): void {
    if (this.#readers.size > 0) this.#send(false, this.#readers);
  }

  /**
   * Adds a reader, which gets the state as it is now first. It must be closed.
   *
   * @param options.numbered Whether what it gets has the `id`s of this feed. Default true.
   */
  subscribe(options: { numbered?: boolean } = {}): TelemetryReader {
    const reader = new TelemetryReader(() => this.#remove(reader), options);
    this.#readers.add(reader);
    this.#timer ??= setInterval(
      () => this.#send(true, this.#readers),
      this.#options.beatMs ?? BEAT_MS,
    );
    this.#send(true, [reader]);
    return reader;
  }

  /** Ends all streams. */
  close(): void {
    for (const reader of [...this.#readers]) reader.end();
  }

  #send(beat: boolean, readers: Iterable<TelemetryReader>): void {
    const data = JSON.stringify(this.#options.snapshot({ beat }));
    const event = `event: telemetry\ndata: ${data}\n\n`;
    const numbered = encoder.encode(`id: ${++this.#count}\n${event}`);
    let plain: Uint8Array | undefined;
    for (const reader of readers) {
      reader.push(reader.numbered ? numbered : plain ??= encoder.encode(event));
    }
  }

  #remove(reader: TelemetryReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** One reader of a {@linkcode TelemetryFeed}. */
export class TelemetryReader implements MergeableSource {
  readonly #onClose: () => void;
  readonly #bell = new SignalBell();
  #waiting: Uint8Array[] = [];
  /** Whether what it gets has `id`s. */
  readonly numbered: boolean;
  #ended = false;

  /**
   * @param onClose Called once, when it is closed or ended.
   * @param options.numbered Whether what it gets has `id`s. Default true.
   */
  constructor(onClose: () => void, options: { numbered?: boolean } = {}) {
    this.#onClose = onClose;
    this.numbered = options.numbered ?? true;
  }

  get ended(): boolean {
    return this.#ended && this.#waiting.length === 0;
  }

  read(): Uint8Array | undefined {
    return this.#waiting.shift();
  }

  async wait(options: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    return this.hasMore || await this.#bell.wait(options);
  }

  get hasMore(): boolean {
    return this.#waiting.length > 0 || this.#ended;
  }

  onMore(wake: () => void): () => void {
    return this.#bell.onRing(wake);
  }

  /** Gives it one more event. */
  push(bytes: Uint8Array): void {
    if (!this.numbered) this.#waiting.length = 0;
    this.#waiting.push(bytes);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    this.#bell.ring();
  }

  /** Ends it; what waits is still read. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onClose();
    this.#bell.ring();
  }
}

/** Answers with a feed as an event stream that ends with the role. */
export function telemetryResponse(c: Context, feed: TelemetryFeed): Response {
  // Before there is a reader, which would have to be closed again.
  countStream(c);
  const reader = feed.subscribe();
  return eventStreamResponse(c, reader, { head: STREAM_HEAD, onClose: () => reader.end() });
}
