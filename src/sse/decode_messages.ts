import { createParser, type EventSourceMessage } from "eventsource-parser";
import { RbeeError } from "../base/rbee_error.ts";

/** The longest event that is read, in UTF-16 units: the longest captured line, escaped, and some. */
export const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;

/** One event of a stream as it was sent: `event` its type, `data` its text. */
export type EventMessage = Pick<EventSourceMessage, "event" | "data">;

/**
 * Reads the messages of an event stream, wherever the network cut it, in order. Comments are passed
 * over. Cancels the body when the caller stops early.
 *
 * @throws {RbeeError} `bad_event` If one is longer than the limit.
 */
export async function* decodeMessages(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<EventMessage, void, void> {
  let messages: EventMessage[] = [];
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent: (message) => void messages.push(message),
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") {
        throw new RbeeError("bad_event", "The stream holds an event that is too long to read");
      }
    },
  });
  // Deno's takes the mark for one at the begin of each chunk, where it is a character like any other.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    const ready = messages;
    messages = [];
    yield* ready;
  }
}
