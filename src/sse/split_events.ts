import type { JobEvent } from "../contracts/job_event.ts";

const decoder = new TextDecoder();

/**
 * Reads back events that `encodeEvent` and `encodeGap` of this same process wrote: whole events only,
 * no schema check, since nobody else can have written them. For bytes from elsewhere see
 * `decodeEvents`.
 */
export function splitEvents(bytes: Uint8Array): JobEvent[] {
  const events: JobEvent[] = [];
  for (const block of decoder.decode(bytes).split("\n\n")) {
    if (block === "") continue;
    const typeAt = block.indexOf("\nevent: ") + 8;
    const dataAt = block.indexOf("\ndata: ", typeAt);
    const type = block.slice(typeAt, dataAt);
    events.push({ type, ...JSON.parse(block.slice(dataAt + 7)) } as JobEvent);
  }
  return events;
}
