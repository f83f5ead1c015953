import { LOCAL_HIVE } from "../contracts/hive.ts";
import type { NarrationEvent } from "../contracts/job_event.ts";
import { formatNarrationText } from "./text_format.ts";

/** Who speaks on the machine of a hive: `hive` and `worker` here, `hive:gpu` on that of the hive gpu. */
export function actorOf(actor: string, hive: string): string {
  return hive === LOCAL_HIVE || actor.includes(":") ? actor : `${actor}:${hive}`;
}

/** Narration of the machine of a hive, as it is told here: who speaks is named with the machine. */
export function onMachine(event: NarrationEvent, hive: string): NarrationEvent {
  const actor = actorOf(event.actor, hive);
  if (actor === event.actor) return event;
  return { ...event, actor, formatted: formatNarrationText({ ...event, actor }) };
}
