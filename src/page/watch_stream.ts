import type { JobEvent } from "../contracts/job_event.ts";
import { type ApiError, refusalOf } from "./api.ts";
import type { JobRecording } from "./job_recording.ts";
import { readEvents } from "./read_events.ts";

/** How the page is connected. */
export type Connection =
  | { kind: "connecting" }
  | { kind: "live" }
  /** The queen wants a token, or another one than was shown; `message` is hers. */
  | { kind: "locked"; message: string }
  /** Tried again at `retryAtMs`, in milliseconds since 1970. */
  | { kind: "lost"; message: string; retryAtMs: number };

/** What a {@linkcode WatchStream} needs. */
export interface WatchOptions {
  /** Where the queen is. Default: where the page came from. */
  origin?: string;
  /** The headers that tell who asks. */
  headers(): Record<string, string>;
  /** Takes what is not of the watched job: the name of an event, and what it holds. */
  onEvent(name: string, data: unknown): void;
  onConnection(connection: Connection): void;
  /** Calls `ring` after so many milliseconds, and gives what calls that off. Default: the clock does. */
  after?(ms: number, ring: () => void): () => void;
  /** A clock in milliseconds that never goes back. Default: `performance.now`. */
  now?(): number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
// The queen sends a comment after 15 s of silence.
const SILENCE_MS = 40_000;
const JOB_EVENTS: ReadonlySet<string> = new Set(
  [
    "narration",
    "log",
    "token",
    "data",
    "gap",
    "done",
    "error",
    "cancelled",
  ] satisfies JobEvent["type"][],
);

/**
 * The page's one connection to the queen, for everything that is live. A browser opens six to a host, so
 * that a stream for each thing that moves would hold up the third tab; and an EventSource can show no
 * token. It is opened again when it breaks, after pauses that grow to 5 s until one has held for as long,
 * and goes on in the watched job after the last event that was read.
 */
export class WatchStream {
  readonly #options: WatchOptions;
  #recording: JobRecording | undefined;
  #attempt = new AbortController();
  #wake = () => {};
  #closed = false;
  #isResting = false;
  /** Settles when the stream has been closed and nothing of it goes on. */
  readonly closed: Promise<void>;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.closed = this.#run();
  }

  /** Watches another job beside everything else, or none. What was read of the one before stays there. */
  watch(recording: JobRecording | undefined): void {
    if (recording === this.#recording) return;
    this.#recording = recording;
    this.reopen();
  }

  /** Connects anew at once: with another token, or because the person does not want to wait. */
  reopen(): void {
    this.#isResting = false;
    this.#attempt.abort();
    this.#wake();
  }

  /** Lets go of the connection until it is woken, or opened anew for another reason. */
  rest(): void {
    this.#isResting = true;
    this.#attempt.abort();
    this.#wake();
  }

  /** Goes on after a rest, where it was left. */
  wake(): void {
    if (this.#isResting) this.reopen();
  }

  /** Ends the stream for good. */
  close(): void {
    this.#closed = true;
    this.reopen();
  }

  async #run(): Promise<void> {
    const { now = () => performance.now() } = this.#options;
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#closed) {
      const attempt = this.#attempt = new AbortController();
      let heardAtMs = Infinity;
      const outcome = await this.#read(attempt, () => heardAtMs = Math.min(heardAtMs, now()))
        .catch((error: unknown) =>
          lost(attempt.signal.reason instanceof Silence ? attempt.signal.reason : error)
        );
      // One who takes connections and soon ends them is as lost as one who takes none.
      if (now() - heardAtMs >= LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
      // A loop, since what wakes it may be the next rest.
      while (this.#isResting && !this.#closed) await this.#woken();
      if (this.#closed) return;
      if (this.#attempt.signal.aborted && !(attempt.signal.reason instanceof Silence)) continue;
      if (outcome.kind === "again") continue;
      const waitMs = outcome.kind === "locked" ? undefined : outcome.waitMs ?? pauseMs;
      this.#tell(
        waitMs === undefined
          ? { kind: "locked", message: outcome.message }
          : { kind: "lost", message: outcome.message, retryAtMs: Date.now() + waitMs },
      );
      await this.#pause(waitMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  async #read(attempt: AbortController, heard: () => void): Promise<Outcome> {
    const watched = () => this.#after(SILENCE_MS, () => attempt.abort(new Silence()));
    // A queen that is halted takes connections, and never answers.
    let unwatch = watched();
    try {
      return await this.#follow(attempt, () => {
        unwatch();
        unwatch = watched();
        heard();
      });
    } finally {
      unwatch();
    }
  }

  async #follow(attempt: AbortController, heard: () => void): Promise<Outcome> {
    const { origin = "", headers } = this.#options;
    const recording = this.#wanted();
    const after = recording?.lastSeq ?? 0;
    const response = await fetch(
      `${origin}/v1/watch${recording === undefined ? "" : `?job=${recording.jobId}`}`,
      {
        headers: {
          Accept: "text/event-stream",
          ...headers(),
          ...(after > 0 && { "Last-Event-ID": `${after}` }),
        },
        cache: "no-store",
        credentials: "omit",
        signal: attempt.signal,
      },
    );
    if (!response.ok || response.body === null) {
      const refusal = await refusalOf(response);
      const isOfJob = recording !== undefined && [400, 404, 410].includes(refusal.status);
      if (!isOfJob) return refused(refusal, response.headers.get("Retry-After"));
      recording.missing.value = refusal;
      return { kind: "again" };
    }
    this.#tell({ kind: "live" });
    await readEvents(response.body, {
      onChunk: heard,
      onEvent: (name, data) => {
        // What is still on its way when another job is wanted must not get into its recording.
        if (attempt.signal.aborted) return;
        if (!JOB_EVENTS.has(name)) this.#options.onEvent(name, data);
        else recording?.add({ type: name, ...data as object } as JobEvent);
      },
    });
    return { kind: "lost", message: "The queen has ended the connection" };
  }

  /** The recording whose job has something to come. */
  #wanted(): JobRecording | undefined {
    const recording = this.#recording;
    if (recording === undefined) return undefined;
    const isRead = recording.end !== undefined || recording.missing.peek() !== undefined;
    return isRead ? undefined : recording;
  }

  /** A defect of who is told is none of the connection. */
  #tell(connection: Connection): void {
    try {
      this.#options.onConnection(connection);
    } catch (error) {
      reportError(error);
    }
  }

  async #pause(ms: number | undefined): Promise<void> {
    if (this.#attempt.signal.aborted && !(this.#attempt.signal.reason instanceof Silence)) return;
    const woken = this.#woken();
    const callOff = ms === undefined ? undefined : this.#after(ms, this.#wake);
    await woken;
    callOff?.();
  }

  #woken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }

  #after(ms: number, ring: () => void): () => void {
    const { after } = this.#options;
    if (after !== undefined) return after(ms, ring);
    const timer = setTimeout(ring, ms);
    return () => clearTimeout(timer);
  }
}

/** Nothing came for longer than the queen is ever silent: who sleeps, or a cable, is in between. */
class Silence extends Error {
  override readonly name = "Silence";
  override readonly message = "Nothing came from the queen for 40 s";
}

type Outcome =
  | { kind: "again" }
  | { kind: "locked"; message: string }
  | { kind: "lost"; message: string; waitMs?: number };

function refused({ status, message }: ApiError, retryAfter: string | null): Outcome {
  if (status === 401) return { kind: "locked", message };
  const seconds = Number(retryAfter ?? NaN);
  return { kind: "lost", message, ...(seconds > 0 && { waitMs: seconds * 1000 }) };
}

function lost(error: unknown): Outcome {
  return {
    kind: "lost",
    message: error instanceof Silence ? error.message : "The queen is not reached",
  };
}
