import type { z } from "zod";
import { SignalBell } from "../../src/base/signal_bell.ts";
import { EventConnection } from "../../src/http/event_connection.ts";

/** Reads a role's telemetry in the background until it is disposed of. */
export class TelemetryReader<S extends z.ZodType> implements AsyncDisposable {
  /** What has come so far, in order. */
  readonly seen: z.infer<S>[] = [];
  readonly #connection = new EventConnection();
  readonly #bell = new SignalBell();
  readonly #reading: Promise<void>;
  #over = false;

  /** @param url The address of the role. */
  constructor(url: string, schema: S) {
    this.#reading = this.#read(`${url}/v1/telemetry/stream`, schema);
  }

  /** Resolves with the first that matches, of those that have come too; rejects when they end. */
  async until(matches: (telemetry: z.infer<S>) => boolean): Promise<z.infer<S>> {
    for (;;) {
      const found = this.seen.find(matches);
      if (found !== undefined) return found;
      if (this.#over) throw new Error(`the telemetry ended: ${JSON.stringify(this.seen.at(-1))}`);
      await this.#bell.wait();
    }
  }

  /** Resolves when the role has ended the stream. */
  get ended(): Promise<void> {
    return this.#reading;
  }

  async #read(url: string, schema: S): Promise<void> {
    try {
      for await (const telemetry of this.#connection.data(url, "telemetry", schema)) {
        this.seen.push(telemetry);
        this.#bell.ring();
      }
    } catch {
      // The test is over, or the role is; who still waits is told.
    } finally {
      this.#over = true;
      this.#bell.ring();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    await this.#reading;
  }
}
