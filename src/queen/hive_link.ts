import { Backoff } from "../base/backoff.ts";
import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { SignalBell } from "../base/signal_bell.ts";
import { BEAT_MS, type HiveTelemetry, hiveTelemetrySchema } from "../contracts/telemetry.ts";
import { type WorkerInfo, workerListSchema } from "../contracts/worker.ts";
import { requestJson, unreachable } from "../http/api_client.ts";
import { EventConnection } from "../http/event_connection.ts";
import { requestHealth } from "../http/health_client.ts";
import { withoutNarrationContext } from "../narration/context.ts";
import { narrate } from "../narration/narrate.ts";
import { withoutTrace } from "../tracing/spans.ts";
import { MAX_EVENT_CHARACTERS } from "../sse/decode_messages.ts";
import { checkVersion } from "./hive_version.ts";
import type { KnownHive } from "./known_hive.ts";

/** Where a hive is, as far as that can be told without asking it. */
export interface HivePlace {
  url: string;
  /** Whether its process is there; one that has ended is not asked. */
  runs: boolean;
}

/** What a link to a hive needs. */
export interface HiveLinkOptions {
  name: string;
  /** Looks where the hive is; undefined when there is none. Rejects with why that cannot be told. */
  find(signal: AbortSignal): Promise<HivePlace | undefined>;
  /** What a person can do when it cannot be used. Default: what helps with this machine's own. */
  advise?: (why: { code: string; runs: boolean }) => string;
  /** Called when a connection was lost, or could not be made. */
  onLost?: () => void;
  /** Called whenever something new is known of it. */
  onChange(): void;
  /** Whether it is known by its name before anything was heard of it. Default false. */
  isAdded?: boolean;
  /** How often the hive says how it is, in milliseconds. Default 2,000. */
  beatMs?: number;
  /** The longest wait between two attempts, in milliseconds, unless somebody asks. Default a beat. */
  maxRetryMs?: number;
}

const MISSED_BEATS = 3;
const ANSWER_MS = 5000;
// One that was heard of a moment ago is more likely to come back than one that never was.
const RETURN_MS = 120_000;
/** What may pass by itself. */
const PASSING = new Set([
  "unreachable",
  "ssh_timeout",
  "ssh_no_route",
  "ssh_refused",
  "ssh_unknown_host",
  "ssh_forward_failed",
  "ssh_failed",
]);

/**
 * The queen's connection to one hive: subscribed to its telemetry, opened again with backoff when it
 * breaks or three beats are missed, and at once when somebody asks.
 */
export class HiveLink {
  readonly #options: HiveLinkOptions;
  readonly #closing = new AbortController();
  readonly #wake = new SignalBell();
  readonly #news = new SignalBell();
  #keeping: Promise<void> | undefined;
  #view: KnownHive | undefined;
  #begun = 0;
  #ended = 0;
  #heardMs: number | undefined;

  constructor(options: HiveLinkOptions) {
    this.#options = options;
    if (options.isAdded) this.#view = connecting(options.name, null);
  }

  get name(): string {
    return this.#options.name;
  }

  /** What is known of the hive now; undefined when there is none. */
  get view(): KnownHive | undefined {
    return this.#view;
  }

  /** Begins to keep the connection. Called again, it does nothing. */
  start(): void {
    // It outlives whichever job asks first.
    this.#keeping ??= withoutTrace(() => withoutNarrationContext(() => this.#keep()));
  }

  /** What is known of the hive, after an attempt to reach it where it is not connected. */
  async look(): Promise<KnownHive | undefined> {
    const wanted = this.#begun + 1;
    const deadlineMs = performance.now() + ANSWER_MS;
    this.start();
    // An attempt that has begun before may not have seen what made somebody ask.
    while (!this.#connected && this.#ended < wanted) {
      const timeoutMs = deadlineMs - performance.now();
      const news = this.#news.wait({ timeoutMs, signal: this.#closing.signal });
      this.#wake.ring();
      if (!await news) break;
    }
    return this.#view;
  }

  /**
   * What is known of the hive, with its workers as it lists them this moment. One that was added and
   * does not answer is not waited for: it may be switched off.
   */
  async refresh(): Promise<KnownHive | undefined> {
    const view = this.#options.isAdded ? this.#view : await this.look();
    if (view === undefined || view.unreachable !== undefined) return view;
    try {
      const { workers } = await requestJson(`${view.url}/v1/workers`, {
        schema: workerListSchema,
        timeoutMs: ANSWER_MS,
        // As much as one event of telemetry, which holds the same.
        maxBytes: MAX_EVENT_CHARACTERS,
      });
      return { ...view, workers: workers.map((worker) => this.#named(worker)) };
    } catch {
      // What the connection itself makes of it is known in a moment.
      return view;
    }
  }

  /** Takes up what a hive has just said of a worker, before its telemetry brings it. */
  note(worker: WorkerInfo): void {
    if (this.#view === undefined) return;
    const others = this.#view.workers.filter(({ worker_id }) => worker_id !== worker.worker_id);
    this.#view = { ...this.#view, workers: [this.#named(worker), ...others] };
  }

  /** Lets go of the connection. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#keeping;
  }

  get #connected(): boolean {
    return this.#view !== undefined && this.#view.state === "connected";
  }

  async #keep(): Promise<void> {
    const { find, beatMs = BEAT_MS, maxRetryMs = beatMs } = this.#options;
    const backoff = new Backoff({ firstMs: Math.min(100, maxRetryMs), maxMs: maxRetryMs });
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#begun++;
      let place: HivePlace | undefined;
      try {
        place = await find(signal);
        if (place === undefined) this.#view = undefined;
        else await this.#follow(place, () => backoff.reset());
      } catch (error) {
        if (signal.aborted) return;
        this.#lose(place, error);
      }
      this.#ended = this.#begun;
      this.#tell();
      await this.#wake.wait({ timeoutMs: backoff.next(), signal });
    }
  }

  /** @throws {RbeeError} Why there is no connection, or no longer. */
  async #follow({ url, runs }: HivePlace, onBeat: () => void): Promise<never> {
    if (!runs) throw new RbeeError("hive_unreachable", "it has ended");
    this.#view ??= connecting(this.name, url);
    const version = await checkHealth(url, this.#closing.signal);
    const connection = new EventConnection({
      silenceLimitMs: MISSED_BEATS * (this.#options.beatMs ?? BEAT_MS),
      signal: this.#closing.signal,
    });
    try {
      const stream = `${url}/v1/telemetry/stream`;
      for await (const beat of connection.data(stream, "telemetry", hiveTelemetrySchema)) {
        this.#take(url, version, beat);
        onBeat();
      }
    } catch (error) {
      throw error instanceof RbeeError ? error : unreachable(url, error);
    } finally {
      connection.close();
    }
    throw new RbeeError("unreachable", `${url} ended the connection`);
  }

  #take(url: string, version: string, beat: HiveTelemetry): void {
    const { name } = this.#options;
    if (!this.#connected) {
      narrate("hive_connected", `Hive ${name} is connected at ${url}`, { fields: { hive: name } });
    }
    const { workers, devices, load, models, engines, places } = beat;
    this.#view = {
      name,
      url,
      version,
      state: "connected",
      workers: workers.map((worker) => this.#named(worker)),
      devices,
      load,
      models,
      engines,
      ...(places && { places }),
      mayReturn: true,
    };
    this.#heardMs = performance.now();
    this.#ended = this.#begun;
    this.#tell();
  }

  #lose(place: HivePlace | undefined, thrown: unknown): void {
    const { name, advise = adviseHere } = this.#options;
    const { code, message } = toRbeeError(thrown);
    const runs = place?.runs ?? false;
    const advice = advise({ code, runs });
    const unreachable = advice === "" ? message : `${message}; ${advice}`;
    const mayPass = this.#heardMs !== undefined && performance.now() - this.#heardMs < RETURN_MS;
    if (this.#connected) {
      narrate("hive_lost", `Lost hive ${name}: ${message}`, {
        level: "warn",
        fields: { hive: name },
      });
    }
    // Its workers go with it, and come back with it.
    this.#view = {
      ...nothingKnown(name, place?.url ?? null),
      state: "unreachable",
      unreachable,
      mayReturn: PASSING.has(code) && (place === undefined ? mayPass : runs),
    };
    this.#options.onLost?.();
  }

  /** A hive calls itself by another name than the queen, who may know many. */
  #named<W extends WorkerInfo>(worker: W): W {
    return { ...worker, hive: this.name };
  }

  #tell(): void {
    this.#news.ring();
    this.#options.onChange();
  }
}

/** Returns the hive's version. @throws {RbeeError} Why it cannot be used. */
async function checkHealth(url: string, signal: AbortSignal): Promise<string> {
  const health = await requestHealth(url, { signal });
  if (health.role !== "hive") {
    throw new RbeeError("hive_unreachable", `${url} is a ${health.role}`);
  }
  checkVersion(health.version);
  if (health.status !== "ok") throw new RbeeError("unreachable", `it is ${health.status}`);
  return health.version;
}

function adviseHere({ code, runs }: { code: string; runs: boolean }): string {
  if (code === "version_mismatch") return "run rbee down and rbee up";
  return runs ? "end it with rbee down, then rbee up" : "start it with rbee up";
}

function connecting(name: string, url: string | null): KnownHive {
  return {
    ...nothingKnown(name, url),
    state: "connecting",
    unreachable: "it has not answered yet",
  };
}

function nothingKnown(name: string, url: string | null): Omit<KnownHive, "state"> {
  return {
    name,
    url,
    version: null,
    workers: [],
    devices: [],
    load: [],
    models: [],
    engines: [],
    mayReturn: true,
  };
}
