import { DEFAULT_PARALLEL, type WorkerInfo } from "../contracts/worker.ts";
import { deviceWillDo } from "../models/device_will_do.ts";
import { hasModel } from "../models/means_model.ts";
import { openPlaceOn } from "./hive_places.ts";
import type { HiveView, WorkerView } from "./hive_view.ts";
import type { PlacementRequest } from "./placement_request.ts";

/** A worker of the model, or one that a hive is about to have. */
export interface Seat {
  hive: HiveView;
  /** Undefined: the hive was asked for it, and has not told of it yet. */
  worker?: WorkerInfo;
  isReady: boolean;
  /** Whether it waits for a place among its hive's workers, and does not load before it has one. */
  isQueued: boolean;
  busy: number;
  slots: number;
}

/** The workers of a hive that have what a request asks for, or will. */
export function seatsOn(hive: HiveView, request: PlacementRequest): Seat[] {
  const mayLoad = request.refused?.includes(hive.name) !== true;
  const waiting = request.awaiting?.(hive.name) ?? 0;
  const workers = hive.workers.filter((worker) => fits(request, worker, hive));
  const seats = workers.flatMap((worker): Seat[] => {
    const slots = worker.parallel ?? DEFAULT_PARALLEL;
    if (worker.state === "starting" || worker.state === "loading") {
      const isQueued = worker.queued === true;
      return mayLoad ? [{ hive, worker, isReady: false, isQueued, busy: waiting, slots }] : [];
    }
    if (worker.state !== "ready" || worker.worker_id === request.avoid) return [];
    const busy = load(request, worker);
    return [{ hive, worker, isReady: true, isQueued: false, busy, slots }];
  });
  if (seats.length > 0 || waiting === 0 || !mayLoad) return seats;
  const isQueued = openPlaceOn(hive, request)?.waits !== "not";
  return [{ hive, isReady: false, isQueued, busy: waiting, slots: DEFAULT_PARALLEL }];
}

/** The emptiest first; of those that are as full, one on a GPU. */
export function byFilling(a: Seat, b: Seat): number {
  return a.busy / a.slots - b.busy / b.slots || a.busy - b.busy || onGpu(b) - onGpu(a);
}

function onGpu({ hive, worker }: Seat): number {
  const hasGpu = hive.devices.some(({ kind }) => kind !== "cpu");
  return worker?.device === "cpu" || !hasGpu ? 0 : 1;
}

function fits(request: PlacementRequest, worker: WorkerView, hive: HiveView): boolean {
  const { model, stored_as: storedAs, device, engine, memory } = worker;
  return hasModel({ model, storedAs }, request.model, hive.models) &&
    (request.engine === undefined || engine === request.engine) &&
    deviceWillDo(request.device, { device, vramBytes: memory?.vram_bytes }, hive.devices);
}

/** How busy a worker is. What the queen has under way there is in the hive's figures or not yet. */
function load({ inFlight }: PlacementRequest, worker: WorkerInfo): number {
  return Math.max(worker.requests + worker.waiting, inFlight?.(worker.worker_id) ?? 0);
}
