import { createParser } from "eventsource-parser";

/** What takes the events of a stream. */
export interface EventReader {
  /**
   * Takes an event: its name, and the value that its data is the JSON of. What it throws is reported as
   * a defect of the page, and the reading goes on.
   */
  onEvent(name: string, data: unknown): void;
  /** Called after what came at once has been taken, also where it was a comment alone. */
  onChunk?(): void;
}

/**
 * Reads an event stream to its end.
 *
 * @throws {unknown} What the connection fails with, or the reason for which its request was ended.
 */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  { onEvent, onChunk }: EventReader,
): Promise<void> {
  const parser = createParser({
    onEvent: ({ event = "message", data }) => {
      try {
        onEvent(event, JSON.parse(data));
      } catch (error) {
        reportError(error);
      }
    },
  });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  // Not `for await`: Safari's streams cannot be iterated over.
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.feed(decoder.decode(value, { stream: true }));
    onChunk?.();
  }
}
