import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";
import { inSpan } from "../tracing/spans.ts";
import { type Hives, urlOf } from "./hives.ts";
import type { HiveView } from "./hive_view.ts";
import type { KnownHive } from "./known_hive.ts";
import type { Placement } from "./placement.ts";
import type { PlacementRequest } from "./placement_request.ts";
import { PATIENCE_MS } from "./relay.ts";

/** How often a hive that is out of reach is asked again. */
export const ASK_AGAIN_MS = 500;

/** A place for a request, and where that is. */
export interface Place {
  placement: Exclude<Placement, { kind: "none" }>;
  url: string;
}

/** How a place is looked for. */
export interface PlaceOptions {
  signal: AbortSignal;
  /** How long a hive that may come back is waited for. Default 60,000. */
  patienceMs?: number;
}

/**
 * Asks the hives, decides by `policy`, and says what was decided. A hive that is out of reach but may
 * come back is waited for, which is said too: a connection that blinks must not fail a request.
 *
 * @throws {RbeeError} `hive_unreachable`, `insufficient_memory`, `all_pinned`, `no_such_device` or
 * `engine_not_found` If there is no place, with the reason for each hive.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function placePatiently(
  hives: Pick<Hives, "ask">,
  request: PlacementRequest,
  policy: (request: PlacementRequest, hives: readonly HiveView[]) => Placement,
  options: PlaceOptions,
): Promise<Place> {
  return await inSpan("placement", {}, async (span) => {
    const found = await untilPlaced(hives, request, policy, options);
    const { hive, kind } = found.placement;
    span.setAttributes({ "rbee.hive": hive, "rbee.placement": kind });
    return found;
  });
}

async function untilPlaced(
  hives: Pick<Hives, "ask">,
  request: PlacementRequest,
  policy: (request: PlacementRequest, hives: readonly HiveView[]) => Placement,
  options: PlaceOptions,
): Promise<Place> {
  const deadlineMs = performance.now() + (options.patienceMs ?? PATIENCE_MS);
  let waiting = false;
  for (;;) {
    const known = await hives.ask(request.hive);
    const placement = policy(request, known);
    if (placement.kind !== "none") {
      narrate("placement", `Chose hive ${placement.hive}: it ${placement.why}`, {
        fields: { hive: placement.hive, model: request.model },
      });
      return { placement, url: urlOf(known, placement.hive) };
    }
    if (performance.now() >= deadlineMs || !known.some((hive) => mayReturn(hive, request))) {
      throw new RbeeError(
        placement.code,
        `Cannot place the request for ${request.model}: ${placement.why}`,
      );
    }
    if (!waiting) narrate("hive_wait", `Waiting for ${placement.why}`, { level: "warn" });
    waiting = true;
    await delay(ASK_AGAIN_MS, { signal: options.signal });
  }
}

function mayReturn(hive: KnownHive, request: PlacementRequest): boolean {
  return hive.unreachable !== undefined && hive.mayReturn &&
    (request.hive === undefined || request.hive === hive.name);
}
