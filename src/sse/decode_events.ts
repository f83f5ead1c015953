import { createParser, type EventSourceMessage } from "eventsource-parser";
import { RbeeError } from "../base/rbee_error.ts";
import { type JobEvent, jobEventSchema } from "../contracts/job_event.ts";

/** The longest event that is read, in UTF-16 units: the longest captured line, escaped, and some. */
export const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Reads the events of a typed stream, wherever the network cut it. Comments and events of a type this
 * version does not know are passed over. Ends with the body; whether a terminal event came is the
 * caller's to see. Cancels the body when the caller stops early.
 *
 * @throws {RbeeError} `bad_event` If an event does not fit its schema or is longer than the limit.
 */
export async function* decodeEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<JobEvent, void, void> {
  let messages: EventSourceMessage[] = [];
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent: (message) => void messages.push(message),
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") {
        throw new RbeeError("bad_event", "The stream holds an event that is too long to read");
      }
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    const ready = messages;
    messages = [];
    for (const message of ready) {
      const event = toJobEvent(message);
      if (event !== undefined) yield event;
    }
  }
}

const KNOWN = new Set<string>(jobEventSchema.options.map((option) => option.shape.type.value));

function toJobEvent(message: EventSourceMessage): JobEvent | undefined {
  const type = message.event;
  if (type === undefined || !KNOWN.has(type)) return undefined;
  let data: unknown;
  try {
    data = JSON.parse(message.data);
  } catch {
    throw new RbeeError("bad_event", `The stream holds a "${type}" event that is not JSON`);
  }
  const parsed = jobEventSchema.safeParse({ ...(data as Record<string, unknown>), type });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new RbeeError(
    "bad_event",
    `The stream holds a "${type}" event that does not fit: ${
      issue?.path.join(".")
    } ${issue?.message}`,
  );
}
