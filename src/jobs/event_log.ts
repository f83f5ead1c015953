import { BlockRing } from "../base/block_ring.ts";
import { timestamp } from "../base/timestamp.ts";
import { SignalBell } from "../base/signal_bell.ts";
import { isTerminal, type JobEvent, type NewJobEvent } from "../contracts/job_event.ts";
import type { MergeableSource } from "../http/event_stream.ts";
import type { Journal } from "../journal/journal.ts";
import { encodeEvent, encodeGap, encodeLogLines } from "../sse/encode_event.ts";
import { splitEvents } from "../sse/split_events.ts";

/** How an {@linkcode EventLog} keeps its events. */
export interface EventLogOptions {
  /** Memory for the newest events, in bytes. Default 4 MiB. */
  maxBytes?: number;
  /** Where older events can still be read. */
  journal?: { id: string; journal: Journal } | undefined;
  /** What the journal already has of it, from a process before this one. */
  kept?: { lastSeq: number; ended: boolean } | undefined;
  /** The terminal event, for readers of a log that has ended and has lost it. */
  lostEnd?: () => NewJobEvent & { at: string };
  /** Told how many events a reader wanted that are no longer kept. */
  onLost?: ((events: number) => void) | undefined;
}

const JOURNAL_AFTER_CHARACTERS = 256 * 1024;

/**
 * The one ordered record of what happened in a job (or in a worker): narration, captured output,
 * tokens, results, the end.
 *
 * Each event's bytes are made once, when it is appended, and shared by all readers. Writers never wait:
 * readers hold a cursor each, so there may be none, one or many, early or late. Past its bound the
 * oldest events go to the journal, or are gone and each reader that needed them gets a `gap`.
 * A terminal event closes the log; what is appended later is refused.
 */
export class EventLog {
  readonly #ring: BlockRing;
  readonly #journal: EventLogOptions["journal"];
  readonly #lostEnd: EventLogOptions["lostEnd"];
  /** Used by the log's cursors: rings at each append. */
  readonly bell = new SignalBell();
  readonly #onLost: EventLogOptions["onLost"];
  readonly #collect = () => this.flush();
  /** When it was made, in milliseconds of `performance.now()`. */
  readonly beganMs = performance.now();
  #journaledTo: number;
  #unjournaledCharacters = 0;
  #ended: boolean;
  #lastAppendMs = this.beganMs;
  #firstTokenMs: number | undefined;
  #tokens = 0;

  constructor(options: EventLogOptions = {}) {
    const { maxBytes, kept } = options;
    this.#ring = new BlockRing({
      ...(maxBytes === undefined ? {} : { maxBytes }),
      after: kept?.lastSeq ?? 0,
    });
    this.#journal = options.journal;
    this.#lostEnd = options.lostEnd;
    this.#onLost = options.onLost;
    this.#journaledTo = kept?.lastSeq ?? 0;
    this.#ended = kept?.ended ?? false;
  }

  /** The number of the newest event, 0 when there is none. */
  get lastSeq(): number {
    return this.#ring.last;
  }

  /** Whether the terminal event is in. */
  get ended(): boolean {
    return this.#ended;
  }

  /** When something was last appended, in milliseconds of `performance.now()`. */
  get lastAppendMs(): number {
    return this.#lastAppendMs;
  }

  /** When the first token was appended, in milliseconds of `performance.now()`. */
  get firstTokenMs(): number | undefined {
    return this.#firstTokenMs;
  }

  /** How many tokens were appended. */
  get tokens(): number {
    return this.#tokens;
  }

  /** The memory in use, in bytes. */
  get bytes(): number {
    return this.#ring.bytes;
  }

  /**
   * Adds an event and returns its number, or undefined when the log has ended. `event.at` is kept when
   * it is given; otherwise it is now.
   */
  append(event: NewJobEvent): number | undefined {
    if (this.#ended) return undefined;
    const at = event.at ?? timestamp();
    const text = encodeEvent(this.#ring.last + 1, at, event);
    this.#flushBefore(text);
    const seq = this.#ring.append(text);
    this.#lastAppendMs = performance.now();
    if (event.type === "token") {
      this.#tokens++;
      this.#firstTokenMs ??= this.#lastAppendMs;
    }
    this.#unjournaledCharacters += text.length;
    if (isTerminal(event)) {
      this.#ended = true;
      this.#ring.trim();
      this.flush();
    } else {
      this.#journal?.journal.schedule(this.#collect);
    }
    this.bell.ring();
    return seq;
  }

  /**
   * Adds a `log` event for each of `lines`, all with the time of now: the same as so many calls of
   * {@linkcode append}, several times faster. Does nothing when the log has ended.
   */
  appendLines(actor: string, stream: "stdout" | "stderr", lines: readonly string[]): void {
    if (this.#ended || lines.length === 0) return;
    const log = { actor, stream, lines };
    const texts = encodeLogLines(this.#ring.last + 1, timestamp(), log);
    for (let at = 0; at < texts.length;) {
      this.#flushBefore(texts[at]!);
      const room = JOURNAL_AFTER_CHARACTERS - this.#unjournaledCharacters;
      const { count, characters } = this.#ring.appendRun(texts, at, room);
      this.#unjournaledCharacters += characters;
      at += count;
    }
    this.#lastAppendMs = performance.now();
    this.#journal?.journal.schedule(this.#collect);
    this.bell.ring();
  }

  /** Before an append, which can push out of memory what the journal has not had yet. */
  #flushBefore(text: string): void {
    const characters = this.#unjournaledCharacters + text.length;
    if (characters > JOURNAL_AFTER_CHARACTERS || this.#ring.needsBlockFor(text)) this.flush();
  }

  /** Gives the journal, if there is one, what it has not had yet. */
  flush(): void {
    this.#unjournaledCharacters = 0;
    if (this.#journal === undefined) return;
    const { id, journal } = this.#journal;
    for (;;) {
      const read = this.#ring.read(this.#journaledTo);
      if (read === undefined) return;
      this.#journaledTo = read.to;
      if (read.kind === "bytes") journal.append(id, read);
    }
  }

  /** Lets go of the memory of a log that has ended, where the journal has all of it. */
  release(): void {
    if (this.#journal !== undefined && this.#ended) this.#ring.clear();
  }

  /**
   * Gives a reader of its own that begins after event `after` (default: at the first) and ends with the
   * log, or as soon as it has read event `until`.
   */
  cursor(after = 0, options: { until?: number | undefined } = {}): LogCursor {
    return new LogCursor(this, after, options.until);
  }

  /** Used by the log's cursors: the bytes after `after` and the number they end with. */
  readAfter(after: number, maxBytes?: number): { bytes: Uint8Array; to: number } | undefined {
    const read = this.#ring.read(after, maxBytes);
    if (read === undefined || read.kind === "bytes") return read;
    const kept = this.#journal?.journal.read(this.#journal.id, after);
    if (kept?.from === after + 1) return kept;
    const to = kept === undefined ? read.to : Math.min(read.to, kept.from - 1);
    return { bytes: new TextEncoder().encode(this.#encodeLost(after + 1, to)), to };
  }

  /** A reader must see how the job ended, whatever else is gone. */
  #encodeLost(from: number, to: number): string {
    const keepsEnd = this.#ended && to >= this.lastSeq && this.#lostEnd !== undefined;
    this.#onLost?.(to - from + (keepsEnd ? 0 : 1));
    if (!this.#ended || to < this.lastSeq || this.#lostEnd === undefined) {
      return encodeGap(from, to);
    }
    const end = this.#lostEnd();
    return (from < to ? encodeGap(from, to - 1) : "") + encodeEvent(to, end.at, end);
  }
}

/** One reader's place in a log. Costs nothing while it is not read. */
export class LogCursor implements MergeableSource {
  readonly #log: EventLog;
  readonly #until: number;
  #after: number;

  constructor(log: EventLog, after: number, until = Infinity) {
    this.#log = log;
    this.#after = after;
    this.#until = until;
  }

  /** The number of the last event read. */
  get after(): number {
    return this.#after;
  }

  /** Whether the terminal event, or the last one wanted, has been read. */
  get ended(): boolean {
    return this.#after >= this.#until || this.#log.ended && this.#after >= this.#log.lastSeq;
  }

  /**
   * The next events, whole, as bytes that all readers share (do not write to them); undefined when
   * there is nothing now.
   */
  read(maxBytes?: number): Uint8Array | undefined {
    const read = this.#log.readAfter(this.#after, maxBytes);
    if (read === undefined) return undefined;
    this.#after = read.to;
    return read.bytes;
  }

  /** Resolves true when there is something to read, false after `timeoutMs` or on abort. */
  wait(options: { timeoutMs?: number; signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    return this.hasMore ? Promise.resolve(true) : this.#log.bell.wait(options);
  }

  get hasMore(): boolean {
    return this.#after < this.#log.lastSeq || this.#log.ended;
  }

  onMore(wake: () => void): () => void {
    return this.#log.bell.onRing(wake);
  }

  /** Reads event after event, waiting for more, until the log's end or until `signal` aborts. */
  async *events(options: { signal?: AbortSignal } = {}): AsyncGenerator<JobEvent, void, void> {
    while (!options.signal?.aborted) {
      const bytes = this.read();
      if (bytes !== undefined) yield* splitEvents(bytes);
      else if (this.ended) return;
      else await this.wait({ signal: options.signal });
    }
  }
}
