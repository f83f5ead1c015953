import type { DeviceInfo } from "../contracts/device.ts";
import { inWords } from "../models/memory_fit.ts";
import { type FreeMemory, freeMemory } from "./free_memory.ts";
import {
  idleWorkersOn,
  type OpenPlace,
  openPlaceOn,
  pinnedInWords,
  type PlaceRequest,
} from "./hive_places.ts";
import type { HiveView, WorkerView } from "./hive_view.ts";
import { meansModel } from "../models/means_model.ts";

/** What a model wants of a hive that is to load it. */
export interface RoomRequest extends PlaceRequest {
  device?: string | undefined;
  engine?: string | undefined;
}

/** How much of a model a GPU would have: none, a part of its layers, all. */
export type GpuShare = 0 | 1 | 2;

/** What a hive has for a model, or why it cannot load it. */
export type Room =
  | {
    fits: true;
    /** Whether the file is on its disk. */
    hasFile: boolean;
    gpu: GpuShare;
    /** What is free, and where, as a person reads it: `14.2 GB free on cuda:0`. Undefined: not known. */
    free: string | undefined;
    /** How many idle workers there are for it to stop, where it does not fit into what is free. */
    stops: number;
    /** How soon there is a place for its worker. */
    place: OpenPlace;
  }
  | { fits: false; code: string; why: string };

/** Context and buffers beside the weights, where nothing better is known. */
const NEED_OF_FILE = 1.2;

/**
 * What a hive has for a model. What is not known of it speaks for it: it looks itself before it loads.
 * What idle workers hold that it may stop to make room counts where it does not fit otherwise. A hive
 * that has no place for a worker now has room all the same, unless pinned workers have all places.
 *
 * @param hives All that are known. A model that is not on this one's disk may be on another's, which
 * tells how large it is.
 */
export function roomOn(hive: HiveView, request: RoomRequest, hives: readonly HiveView[]): Room {
  const { engine } = request;
  if (engine !== undefined && hive.engines.length > 0 && !hive.engines.includes(engine)) {
    return refusal("engine_not_found", `has no engine "${engine}" (${hive.engines.join(", ")})`);
  }
  const idle = idleWorkersOn(hive, request.inFlight);
  const place = openPlaceOn(hive, request);
  if (place === undefined) return refusal("all_pinned", pinnedInWords(hive));
  const hasFile = bytesOn(hive, request.model) !== undefined;
  if (hive.devices.length === 0) {
    return { fits: true, hasFile, gpu: 0, free: undefined, stops: 0, place };
  }
  const devices = devicesFor(hive, request.device);
  if (devices === undefined) {
    const known = hive.devices.map(({ device }) => device).join(", ");
    return refusal("no_such_device", `has no device ${request.device} (${known})`);
  }
  const needOf = (model: string) => (bytesOf(model, hive, hives) ?? 0) * NEED_OF_FILE;
  const need = needOf(request.model);
  const asked = { model: request.model, devices, needOf };
  const now = freeMemory(hive, { ...asked, without: [] });
  const memory = whereItFits(now, need);
  if (memory !== undefined) {
    const { free } = memory;
    const also = place.stops ? `, and a place ${afterStopping(1)}` : "";
    return { fits: true, hasFile, ...memory, free: free && free + also, stops: 0, place };
  }
  const holders = holdersOf(idle, devices);
  const { length: stops } = holders;
  const later = freeMemory(hive, { ...asked, without: holders });
  const laterMemory = stops === 0 ? undefined : whereItFits(later, need);
  if (laterMemory !== undefined) {
    const free = laterMemory.free && `${laterMemory.free} ${afterStopping(stops)}`;
    return { fits: true, hasFile, ...laterMemory, free, stops, place };
  }
  const more = stops === 0 ? "" : `, ${inWords(later.all, Math.floor)} ${afterStopping(stops)}`;
  return refusal(
    "insufficient_memory",
    `needs about ${inWords(need, Math.ceil)} for it, and ${freeInWords(now.all, now.names)}${more}`,
  );
}

function afterStopping(count: number): string {
  return count === 1 ? "after an idle worker is stopped" : "after idle workers are stopped";
}

/** Those that hold memory of these devices. */
function holdersOf(workers: readonly WorkerView[], devices: readonly DeviceInfo[]): WorkerView[] {
  const hasGpu = devices.some(({ kind }) => kind !== "cpu");
  return workers.filter(({ memory }) =>
    memory !== undefined && memory.ram_bytes + (hasGpu ? memory.vram_bytes : 0) > 0
  );
}

function refusal(code: string, why: string): Room {
  return { fits: false, code, why };
}

/** How large a model is on a hive; of several that the name means, the smallest. */
function bytesOn(hive: HiveView, model: string): number | undefined {
  const sizes = hive.models.filter((stored) => meansModel(model, stored))
    .map(({ bytes }) => bytes);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}

function bytesOf(
  model: string,
  hive: HiveView,
  hives: readonly HiveView[],
): number | undefined {
  const sizes = hives.flatMap((other) => bytesOn(other, model) ?? []);
  return bytesOn(hive, model) ?? (sizes.length === 0 ? undefined : Math.min(...sizes));
}

/** The devices that a request may use; undefined where what it asks for is not there. */
function devicesFor({ devices }: HiveView, asked = "auto"): readonly DeviceInfo[] | undefined {
  if (asked === "auto") return devices;
  if (asked === "cpu") return devices.filter(({ kind }) => kind === "cpu");
  const gpus = devices.filter(({ device, kind }) =>
    kind !== "cpu" && (asked === "gpu" || device === asked)
  );
  if (gpus.length === 0) return undefined;
  // The layers that do not fit there run on the processor.
  return [...gpus, ...devices.filter(({ kind }) => kind === "cpu")];
}

/** On one GPU, on all of them, on the processor with what GPUs there are; undefined: nowhere. */
function whereItFits(
  memory: FreeMemory,
  need: number,
): { gpu: GpuShare; free: string | undefined } | undefined {
  const [largest] = memory.gpus;
  if (largest !== undefined && need <= largest.free) {
    return { gpu: 2, free: known(largest.free, largest.name) };
  }
  if (largest !== undefined && need <= memory.gpuSum) {
    const names = memory.gpus.map(({ name }) => name).join(" and ");
    return { gpu: 2, free: known(memory.gpuSum, names) };
  }
  if (need > memory.all) return undefined;
  return { gpu: largest === undefined ? 0 : 1, free: known(memory.all, memory.names) };
}

function known(bytes: number, names: string): string | undefined {
  return Number.isFinite(bytes) ? `${inWords(bytes, Math.floor)} free on ${names}` : undefined;
}

function freeInWords(bytes: number, names: string): string {
  return `${inWords(bytes, Math.floor)} are free on ${names}`;
}
