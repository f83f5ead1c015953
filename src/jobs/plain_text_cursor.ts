import type { EventSource } from "../http/event_stream.ts";
import { encodePlainText } from "../sse/plain_text.ts";
import { splitEvents } from "../sse/split_events.ts";
import type { LogCursor } from "./event_log.ts";

const encoder = new TextEncoder();

/** Reads a log in the plain dialect: the same events, made into text for this reader. */
export class PlainTextCursor implements EventSource {
  readonly #cursor: LogCursor;

  constructor(cursor: LogCursor) {
    this.#cursor = cursor;
  }

  get ended(): boolean {
    return this.#cursor.ended;
  }

  read(): Uint8Array | undefined {
    const bytes = this.#cursor.read();
    if (bytes === undefined) return undefined;
    return encoder.encode(splitEvents(bytes).map(encodePlainText).join(""));
  }

  wait(options: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    return this.#cursor.wait(options);
  }
}
