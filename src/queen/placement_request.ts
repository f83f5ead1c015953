import type { PlaceRequest } from "./hive_places.ts";

/** What a placement must respect. */
export interface PlacementRequest extends PlaceRequest {
  hive?: string | undefined;
  device?: string | undefined;
  engine?: string | undefined;
  /** A worker that was lost a moment ago, whatever its hive still says of it. */
  avoid?: string | undefined;
  /** Hives that refused to load it a moment ago, whatever they told before: they are to load nothing. */
  refused?: readonly string[] | undefined;
  /** How many of her requests wait until a hive has loaded the model. None when it is left out. */
  awaiting?: (hive: string) => number;
}
