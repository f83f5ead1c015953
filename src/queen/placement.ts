import { lineInWords } from "./hive_places.ts";
import { roomOn } from "./hive_room.ts";
import type { HiveView } from "./hive_view.ts";
import { bestToLoad, countRunning, type LoadingPlace } from "./loading_place.ts";
import type { PlacementRequest } from "./placement_request.ts";
import { byFilling, type Seat, seatsOn } from "./seats.ts";

/** Where a request goes, with the reason as a person reads it. */
export type Placement =
  | { kind: "worker"; hive: string; workerId: string; why: string }
  | { kind: "spawn"; hive: string; why: string }
  | { kind: "none"; code: string; why: string };

type NoPlace = Extract<Placement, { kind: "none" }>;

/**
 * Decides where a request goes. In this order: a ready worker with a free slot, the emptiest; one that
 * loads, unless as many wait for it as it has slots; a hive that can load the model at once, see
 * {@linkcode placeSpawn}; a worker whose slots are all taken, the emptiest; one that waits for a place
 * to load it. Where some worker has the model, only a hive with the file on its disk is given another:
 * to fetch it may take longer than any answer. Decides alone, and does nothing.
 */
export function place(request: PlacementRequest, hives: readonly HiveView[]): Placement {
  const usable = usableHives(request, hives);
  if (!Array.isArray(usable)) return usable;
  const all = usable.flatMap((hive) => seatsOn(hive, request)).sort(byFilling);
  const seats = all.filter(({ isQueued }) => !isQueued);
  const free = seats.filter(({ busy, slots }) => busy < slots);
  const seat = free.find(({ isReady }) => isReady) ?? free[0];
  if (seat !== undefined) return sitDown(seat, request);
  const [emptiest = all[0]] = seats;
  if (emptiest === undefined) return placeSpawn(request, hives);
  const taken = new Set(all.map(({ hive }) => hive));
  const others = placesToLoad(usable.filter((hive) => !taken.has(hive)), request, hives)
    .filter(({ room }) =>
      room.fits && room.place.waits === "not" && (room.hasFile || emptiest.isQueued)
    );
  const best = bestToLoad(others);
  if (best === undefined) return sitDown(emptiest, request);
  const because = emptiest.isQueued
    ? "the workers that are to load it elsewhere wait for a place"
    : "all slots of the workers that have it loaded are taken";
  return { kind: "spawn", hive: best.hive.name, why: `${reasonOf(best)}; ${because}` };
}

/**
 * Decides which hive starts a worker: the one that was asked for, or the only one, which know best
 * whether they can; else one that has a place for it, the file and the memory, else a place and the
 * memory; of those, one that need not stop an idle worker for it, then one with a GPU, then the least
 * loaded.
 */
export function placeSpawn(request: PlacementRequest, hives: readonly HiveView[]): Placement {
  const usable = usableHives(request, hives);
  if (!Array.isArray(usable)) return usable;
  const [only, ...more] = usable;
  if (only !== undefined && more.length === 0 && !request.refused?.length) {
    const why = request.hive === undefined ? "is the only hive connected" : "was asked for";
    return { kind: "spawn", hive: only.name, why };
  }
  const places = placesToLoad(usable, request, hives);
  const best = bestToLoad(places);
  if (best !== undefined) return { kind: "spawn", hive: best.hive.name, why: reasonOf(best) };
  return nowhere(request, hives, places);
}

/** The hives that can be used, at least one, or why none can. */
function usableHives(
  request: PlacementRequest,
  hives: readonly HiveView[],
): HiveView[] | NoPlace {
  const asked = hives.filter(({ name }) => request.hive === undefined || name === request.hive);
  const code = "hive_unreachable";
  if (asked.length === 0) return { kind: "none", code, why: whyNone(request, hives) };
  const usable = asked.filter(({ unreachable }) => unreachable === undefined);
  if (usable.length > 0) return usable;
  return { kind: "none", code, why: awayOnes(asked).join("; ") };
}

function sitDown(seat: Seat, { model }: PlacementRequest): Placement {
  const { hive: { name: hive }, worker, isReady, isQueued, busy } = seat;
  const name = worker === undefined || worker.model === model ? "" : ` as ${worker.model}`;
  if (!isReady || worker === undefined) {
    const does = isQueued ? "waits already for a place to load" : "is already loading";
    return { kind: "spawn", hive, why: `${does} ${model}${name}` };
  }
  const how = busy === 0 ? "idle" : busy === 1 ? "1 request" : `${busy} requests`;
  const why = `has ${model} loaded${name} (${how})`;
  return { kind: "worker", hive, workerId: worker.worker_id, why };
}

function placesToLoad(
  usable: readonly HiveView[],
  request: PlacementRequest,
  hives: readonly HiveView[],
): LoadingPlace[] {
  return usable.filter(({ name }) => request.refused?.includes(name) !== true)
    .map((hive) => ({ hive, room: roomOn(hive, request, hives) }));
}

function reasonOf({ hive, room }: LoadingPlace): string {
  if (!room.fits) return room.why;
  const { hasFile, free, place } = room;
  const line = place.waits === "not" ? "" : `; ${lineInWords(hive, place.ahead)}`;
  if (hasFile) return ["has the model", ...(free === undefined ? [] : [free])].join(", ") + line;
  if (free !== undefined) return `has ${free}${line}`;
  return `has the fewest workers (${countRunning(hive)})${line}`;
}

function nowhere(
  request: PlacementRequest,
  hives: readonly HiveView[],
  places: readonly LoadingPlace[],
): NoPlace {
  const refusals = places.flatMap(({ hive: { name }, room }) =>
    room.fits ? [] : [{ code: room.code, why: `hive "${name}" ${room.why}` }]
  );
  const short = refusals.find(({ code }) => code === "insufficient_memory");
  const away = awayOnes(hives.filter(({ unreachable }) => unreachable !== undefined));
  const reasons = [...refusals.map(({ why }) => why), ...away].join("; ");
  return {
    kind: "none",
    code: (short ?? refusals[0])?.code ?? "hive_unreachable",
    why: `${reasons}; take a smaller model, stop a worker (rbee worker list), or name a hive ` +
      `that is to try ${request.model} all the same with --hive`,
  };
}

function awayOnes(hives: readonly HiveView[]): string[] {
  return hives.map(({ name, unreachable }) => `hive "${name}": ${unreachable}`);
}

function whyNone(request: PlacementRequest, hives: readonly HiveView[]): string {
  if (request.hive === undefined) return "no hive is known; start one with rbee up";
  const known = hives.map(({ name }) => name).join(", ") || "none";
  return `there is no hive "${request.hive}" (known: ${known}); see rbee hive list`;
}
