import { SignalBell } from "../../src/base/signal_bell.ts";
import { type Frame, FrameReader } from "./event_frames.ts";

const PATIENCE_MS = 120_000;

/** Reads `GET /v1/watch` in the background until it is disposed of. */
export class WatchReader implements AsyncDisposable {
  /** What has come so far, in order. */
  readonly seen: Frame[] = [];
  /** Resolves when the stream has ended, however. */
  readonly ended: Promise<void>;
  readonly #frames: FrameReader;
  readonly #bell = new SignalBell();
  #over = false;

  /** @param answer An answer of 200. */
  constructor(answer: Response) {
    this.#frames = new FrameReader(answer);
    this.ended = this.#read();
  }

  /**
   * Asks a queen for it.
   *
   * @param url Her address, with the query: `http://127.0.0.1:7833/v1/watch?job=…`.
   * @throws {Error} If the answer is not one of 200.
   */
  static async open(url: string, headers: Record<string, string> = {}): Promise<WatchReader> {
    const answer = await fetch(url, { headers });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    return new WatchReader(answer);
  }

  /**
   * Resolves with the first that matches, of those that have come too; rejects when they end, and after two
   * minutes.
   */
  async until(matches: (frame: Frame) => boolean): Promise<Frame> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (let at = 0;;) {
      const found = this.seen.slice(at).find(matches);
      if (found !== undefined) return found;
      at = this.seen.length;
      if (this.#over) throw new Error(`it ended after ${JSON.stringify(this.seen.at(-1))}`);
      const timeoutMs = deadlineMs - performance.now();
      if (timeoutMs < 0) throw new Error(`it did not come in ${PATIENCE_MS} ms`);
      await this.#bell.wait({ timeoutMs });
    }
  }

  /** What has come so far of one kind, as JSON. */
  dataOf(event: string): Record<string, unknown>[] {
    return this.seen.filter((frame) => frame.event === event).map(({ data }) => JSON.parse(data));
  }

  /** What has come so far of the job that is watched: what has an id. */
  ofJob(): Frame[] {
    return this.seen.filter(({ id }) => id !== undefined);
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        this.seen.push(await this.#frames.frame());
        this.#bell.ring();
      }
    } catch {
      // The stream is over, or the test is; who still waits is told.
    } finally {
      this.#over = true;
      this.#bell.ring();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#frames.cancel().catch(() => {});
    await this.ended;
  }
}
