import { RbeeError } from "../base/rbee_error.ts";
import { type JobEvent, jobEventSchema } from "../contracts/job_event.ts";
import { decodeMessages, type EventMessage } from "./decode_messages.ts";

/**
 * Reads the events of a typed stream, wherever the network cut it. Comments and events of a type this
 * version does not know are passed over. Ends with the body; whether a terminal event came is the
 * caller's to see. Cancels the body when the caller stops early.
 *
 * @throws {RbeeError} `bad_event` If an event does not fit its schema or is longer than the limit.
 */
export async function* decodeEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<JobEvent, void, void> {
  for await (const message of decodeMessages(body)) {
    const event = toJobEvent(message);
    if (event !== undefined) yield event;
  }
}

const KNOWN = new Set<string>(jobEventSchema.options.map((option) => option.shape.type.value));

function toJobEvent(message: EventMessage): JobEvent | undefined {
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
