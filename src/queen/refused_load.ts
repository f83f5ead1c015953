import { RbeeError } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";

/** For want of what a hive refuses to load a model that another may have room for. */
const WANT_OF_ROOM = new Set(["queue_full", "all_pinned", "insufficient_memory"]);

/** Whether a hive that was asked to load a model has refused it for want of room. */
export function isWantOfRoom(error: unknown): error is RbeeError {
  return error instanceof RbeeError && WANT_OF_ROOM.has(error.code);
}

/** Says that a model is to be loaded elsewhere, and why. */
export function narrateElsewhere(hive: string, model: string, { message }: RbeeError): void {
  narrate("retry", `Hive ${hive} has no room for ${model}, trying another: ${message}`, {
    level: "warn",
    fields: { hive, model },
  });
}
