import { RbeeError } from "../base/rbee_error.ts";
import type { OnPlace } from "../base/slot_queue.ts";
import { narrationContext, withNarrationContext } from "../narration/context.ts";
import { narrate } from "../narration/narrate.ts";

/** When it is worth to ask again after a refusal, in seconds. */
const RETRY_AFTER_S = 5;

/**
 * Refuses what would have to wait where too many wait already.
 *
 * @throws {RbeeError} `queue_full` If `maxQueue` wait, with `retry_after_s`.
 */
export function requireRoom(queue: { free: number; waiting: number }, maxQueue: number): void {
  if (queue.free > 0 || queue.waiting < maxQueue) return;
  throw new RbeeError(
    "queue_full",
    `All slots are busy and ${queue.waiting} requests wait already; try again in ${RETRY_AFTER_S} s`,
    { details: { waiting: queue.waiting, retry_after_s: RETRY_AFTER_S } },
  );
}

/**
 * Says a request's place in a queue, in that request's own job: places change while another job gives
 * its slot back, in that one's context. Each place is said once.
 *
 * @param what Why it waits, which may depend on its place. Default: all slots are busy.
 */
export function narratePlace(
  what: string | ((place: number) => string) = "All slots are busy",
): OnPlace {
  const context = narrationContext();
  let said = 0;
  return (place) => {
    if (place === said) return;
    said = place;
    const why = typeof what === "string" ? what : what(place);
    withNarrationContext(
      context,
      () => narrate("infer_wait", `${why}; place ${place} in the queue`, { fields: { place } }),
    );
  };
}
