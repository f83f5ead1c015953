import { actionSchema, actorSchema, type NarrationRecord } from "../contracts/narration_record.ts";

const ACTOR_WIDTH = 10;
const ACTION_WIDTH = 15;

/** What the padded text tells: level, fields and progress are in the JSON form alone. */
export type NarrationText = Pick<NarrationRecord, "actor" | "action" | "human">;

/**
 * Writes narration as people read it: `[actor     ] action         : message`, the actor padded to 10
 * and the action to 15, neither ever cut.
 */
export function formatNarrationText(record: NarrationText): string {
  const actor = record.actor.padEnd(ACTOR_WIDTH);
  const action = record.action.padEnd(ACTION_WIDTH);
  return `[${actor}] ${action}: ${record.human}`;
}

const TEXT_LINE = /^\[([^\]\s]{1,80}) *\] ([a-z][a-z0-9_]{0,79}) *: ?(.*)$/;

/** Reads a line that {@linkcode formatNarrationText} wrote; undefined for any other line. */
export function parseNarrationText(line: string): NarrationText | undefined {
  const match = TEXT_LINE.exec(line);
  if (match === null) return undefined;
  const [, actor = "", action = "", human = ""] = match;
  if (!actorSchema.safeParse(actor).success || !actionSchema.safeParse(action).success) {
    return undefined;
  }
  return { actor, action, human };
}
