import { WAITS } from "./hive_places.ts";
import type { HiveView } from "./hive_view.ts";
import type { Room } from "./hive_room.ts";

/** A hive that might load a model, and what it has for it. */
export interface LoadingPlace {
  hive: HiveView;
  room: Room;
}

/** What differs by less is as busy: the load of an idle machine is never quite zero. */
const LOAD_STEP = 0.25;

/**
 * The best hive to load a model, of those that can: with a place for its worker at once, since a line
 * may take for ever where the other models are in use; with the file on its disk, with fewer in line,
 * without a worker to stop for it, with more of it on a GPU, with less load a core, with fewer workers,
 * the first. Undefined: none can.
 */
export function bestToLoad(places: readonly LoadingPlace[]): LoadingPlace | undefined {
  return places.filter(hasRoom)
    .map((place) => ({ place, rank: rankOf(place) }))
    .sort((a, b) => compare(a.rank, b.rank))[0]?.place;
}

/** Whether the hive can load it, now or later. */
function hasRoom(place: LoadingPlace): place is LoadingPlace & { room: { fits: true } } {
  return place.room.fits;
}

/** How many workers of a hive have not ended. */
export function countRunning({ workers }: HiveView): number {
  return workers.filter(({ state }) => state !== "stopped" && state !== "failed").length;
}

/** The lower, the better; what stands first decides. */
function rankOf({ hive, room }: LoadingPlace & { room: { fits: true } }): number[] {
  const { hasFile, gpu, stops, place } = room;
  const load = Math.floor(loadOfCore(hive) / LOAD_STEP);
  return [
    WAITS.indexOf(place.waits),
    hasFile ? 0 : 1,
    place.ahead,
    stops > 0 || place.stops ? 1 : 0,
    -gpu,
    load,
    countRunning(hive),
  ];
}

function loadOfCore({ load, devices }: HiveView): number {
  const cores = devices.find(({ kind }) => kind === "cpu")?.cores ?? 1;
  return (load[0] ?? 0) / cores;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const difference = value - b[at]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
