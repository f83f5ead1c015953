import assert from "node:assert/strict";
import { SignalBell } from "../../src/base/signal_bell.ts";
import {
  type HiveTelemetry,
  hiveTelemetrySchema,
  type WorkerTelemetry,
} from "../../src/contracts/telemetry.ts";
import type { WorkerState } from "../../src/contracts/worker.ts";
import { FrameReader, jsonOf } from "./event_frames.ts";

/** Reads the telemetry of a hive over HTTP, each event checked against the contract. */
export class TelemetryWatch implements AsyncDisposable {
  /** All that has come so far. */
  readonly events: HiveTelemetry[] = [];
  /** Resolves when the hive has ended the stream, or this has been disposed of. */
  readonly ended: Promise<void>;
  readonly #reader: FrameReader;
  readonly #arrival = new SignalBell();
  readonly #over = new AbortController();

  private constructor(response: Response) {
    this.#reader = new FrameReader(response);
    this.ended = this.#read().finally(() => this.#over.abort());
    // Who waits for an event is told; so is who waits for the end.
    this.ended.catch(() => {});
  }

  /** Begins to read, and waits for the first event: from then on none is missed. */
  static async open(hiveUrl: string): Promise<TelemetryWatch> {
    const response = await fetch(`${hiveUrl}/v1/telemetry/stream`);
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const watch = new TelemetryWatch(response);
    await watch.until(() => true);
    return watch;
  }

  /** Gives the first event, seen or yet to come, that fits; rejects when the stream ends without. */
  async until(fits: (event: HiveTelemetry) => boolean): Promise<HiveTelemetry> {
    for (let at = 0;;) {
      const found = this.events.slice(at).find(fits);
      if (found !== undefined) return found;
      at = this.events.length;
      if (await this.#arrival.wait({ signal: this.#over.signal })) continue;
      if (at === this.events.length) throw new Error(`the stream ended without ${fits}`);
    }
  }

  /** Gives what is said of a worker in the first event in which it fits. */
  async worker(
    fits: (worker: WorkerTelemetry) => boolean,
    options: { after?: number } = {},
  ): Promise<WorkerTelemetry> {
    const { after = 0 } = options;
    const event = await this.until((each) =>
      this.events.indexOf(each) >= after && each.workers.some(fits)
    );
    return event.workers.find(fits)!;
  }

  /** The states that a worker went through, each once. */
  statesOf(workerId: string): WorkerState[] {
    const states = this.events.flatMap(({ workers }) =>
      workers.filter(({ worker_id }) => worker_id === workerId).map(({ state }) => state)
    );
    return states.filter((state, i) => state !== states[i - 1]);
  }

  async #read(): Promise<void> {
    for (let block = await this.#reader.block(); block !== undefined;) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data !== undefined) {
        assert.match(block, /^event: telemetry$/m);
        this.events.push(hiveTelemetrySchema.parse(jsonOf({ id: "", event: "", data })));
        this.#arrival.ring();
      }
      block = await this.#reader.block();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
    await this.ended;
  }
}
