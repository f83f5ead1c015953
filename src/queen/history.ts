import { SignalBell } from "../base/signal_bell.ts";
import { timestamp } from "../base/timestamp.ts";
import type { DeviceInfo } from "../contracts/device.ts";
import { hasOwnMemory } from "../contracts/device_memory.ts";
import { type HiveSample, MAX_SAMPLES, type Sample, SAMPLE_MS } from "../contracts/watch.ts";
import type { MergeableSource } from "../http/event_stream.ts";
import type { Hives } from "./hives.ts";
import type { KnownHive } from "./known_hive.ts";

const encoder = new TextEncoder();

/** How samples are taken. */
export interface HistoryOptions {
  /** The clock, in milliseconds. Default `performance.now`. */
  now?: () => number;
  /** Milliseconds from one sample to the next. Default 5,000. */
  sampleMs?: number;
}

/**
 * How the connected hives were in the last 15 minutes: a sample every 5 s, 180 at most, the oldest go
 * first. Any number of readers get them; each sample is written once for all.
 */
export class History {
  readonly #hives: Pick<Hives, "known" | "tokens">;
  readonly #now: () => number;
  readonly #sampleMs: number;
  /** Used by its readers: rings at each sample, and when no more will come. */
  readonly bell = new SignalBell();
  /** As JSON. */
  #samples: string[] = [];
  /** How many were taken since it began, those that are gone too. */
  #taken = 0;
  #lastMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #ended = false;

  constructor(hives: Pick<Hives, "known" | "tokens">, options: HistoryOptions = {}) {
    this.#hives = hives;
    this.#now = options.now ?? (() => performance.now());
    this.#sampleMs = options.sampleMs ?? SAMPLE_MS;
    this.#lastMs = this.#now();
  }

  /** Begins to take samples, until it is stopped. It keeps no process alive. */
  start(): void {
    if (this.#timer !== undefined || this.#ended) return;
    this.#lastMs = this.#now();
    this.#hives.tokens.takeHives();
    this.#timer = setInterval(() => this.take(), this.#sampleMs);
    Deno.unrefTimer(this.#timer);
  }

  /** Takes no more samples, and ends its readers. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#ended = true;
    this.bell.ring();
  }

  /** Takes a sample now. Tokens are those since the one before. */
  take(): void {
    const nowMs = this.#now();
    const seconds = Math.max(nowMs - this.#lastMs, 1) / 1000;
    this.#lastMs = nowMs;
    const { tokens } = this.#hives;
    const known = this.#hives.known();
    const counts = tokens.takeHives();
    tokens.keepOnly(
      new Set(known.flatMap(({ workers }) => workers.map(({ worker_id }) => worker_id))),
    );
    const connected = known.filter(({ state }) => state === "connected");
    const sample: Sample = {
      at: timestamp(),
      hives: Object.fromEntries(connected.map((hive) => [
        hive.name,
        sampleOf(hive, (counts.get(hive.name) ?? 0) / seconds),
      ])),
    };
    this.#samples.push(JSON.stringify(sample));
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    this.#taken++;
    this.bell.ring();
  }

  /** Gives a reader that gets all samples in one `history` event, and then each in a `sample` event. */
  read(): HistoryReader {
    return new HistoryReader(this);
  }

  /** Used by its readers: how many samples were taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Used by its readers: whether no more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Used by its readers: all samples as one event. */
  encodeAll(): Uint8Array {
    return encode("history", `{"samples":[${this.#samples.join(",")}]}`);
  }

  /** Used by its readers: the sample after so many, or the oldest that is still kept, and its number. */
  encodeAfter(taken: number): { bytes: Uint8Array; taken: number } | undefined {
    if (taken >= this.#taken) return undefined;
    const gone = this.#taken - this.#samples.length;
    const at = Math.max(taken - gone, 0);
    return { bytes: encode("sample", this.#samples[at]!), taken: gone + at + 1 };
  }
}

/** One reader's place in a {@linkcode History}. Costs nothing while it is not read, and needs no end. */
class HistoryReader implements MergeableSource {
  readonly #history: History;
  #taken: number | undefined;

  constructor(history: History) {
    this.#history = history;
  }

  get ended(): boolean {
    return this.#history.ended && this.#taken === this.#history.taken;
  }

  read(): Uint8Array | undefined {
    if (this.#taken === undefined) {
      this.#taken = this.#history.taken;
      return this.#history.encodeAll();
    }
    const next = this.#history.encodeAfter(this.#taken);
    this.#taken = next?.taken ?? this.#taken;
    return next?.bytes;
  }

  async wait(options: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    return this.hasMore || await this.#history.bell.wait(options);
  }

  get hasMore(): boolean {
    return this.#taken !== this.#history.taken || this.#history.ended;
  }

  onMore(wake: () => void): () => void {
    return this.#history.bell.onRing(wake);
  }
}

function sampleOf({ workers, devices }: KnownHive, tokensPerSecond: number): HiveSample {
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  const cpu = devices.find(({ kind }) => kind === "cpu");
  const gpus = devices.filter(hasOwnMemory).flatMap((gpu) => usedOf(gpu) ?? []);
  return {
    tokens_per_second: Math.round(tokensPerSecond * 10) / 10,
    running: sum(workers.map(({ requests }) => requests)),
    waiting: sum(workers.map(({ waiting }) => waiting)),
    memory_used_bytes: cpu === undefined ? null : usedOf(cpu),
    vram_used_bytes: gpus.length === 0 ? null : sum(gpus),
  };
}

function usedOf({ total_bytes: total, free_bytes: free }: DeviceInfo): number | null {
  return total === null || free === null ? null : Math.max(0, total - free);
}

/** An event without an `id`, since it has no place in a log. */
function encode(event: "history" | "sample", data: string): Uint8Array {
  return encoder.encode(`event: ${event}\ndata: ${data}\n\n`);
}
