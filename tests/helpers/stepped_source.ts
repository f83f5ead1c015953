import { SignalBell } from "../../src/base/signal_bell.ts";
import type { MergeableSource } from "../../src/http/event_stream.ts";

/** A source of events that a test fills and ends. */
export class SteppedSource implements MergeableSource {
  readonly #bell = new SignalBell();
  readonly #texts: string[] = [];
  #closed = false;
  /** How many wait in it now. */
  waiting = 0;

  get ended(): boolean {
    return this.#closed && this.#texts.length === 0;
  }

  push(text: string): void {
    this.#texts.push(text);
    this.#bell.ring();
  }

  end(): void {
    this.#closed = true;
    this.#bell.ring();
  }

  read(): Uint8Array | undefined {
    const text = this.#texts.shift();
    return text === undefined ? undefined : new TextEncoder().encode(text);
  }

  async wait(options: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    if (this.hasMore) return true;
    this.waiting++;
    try {
      return await this.#bell.wait(options);
    } finally {
      this.waiting--;
    }
  }

  get hasMore(): boolean {
    return this.#texts.length > 0 || this.#closed;
  }

  onMore(wake: () => void): () => void {
    const takeBack = this.#bell.onRing(wake);
    this.waiting++;
    return () => {
      this.waiting--;
      takeBack();
    };
  }
}
