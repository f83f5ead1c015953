import { reservedBytes } from "./reserved_memory.ts";
import type { Worker } from "./worker.ts";
import type { NeededMemory } from "./worker_output.ts";

/** What of a memory is too little for a worker, in bytes. */
export interface MemoryLack {
  neededBytes: number;
  freeBytes: number;
  /** Whether it is the GPU's memory, and not the machine's. */
  onGpu: boolean;
}

/** What a worker that is to be loaded lacks. */
export interface RoomWanted extends MemoryLack {
  model: string;
  device: string;
}

/** A worker as it holds memory. */
export type Holder = Pick<Worker, "spec" | "state"> & { memory: NeededMemory };

/** The workers of a hive, seen by one that wants room. */
export interface Holders<H extends Holder> {
  /** All that have not ended; the one that wants room may be among them. */
  running: readonly H[];
  /** Those of them that may be stopped, the first to go first. */
  idle: readonly H[];
}

/**
 * Which idle workers are to be stopped so that there is room, besides those that are stopping already:
 * the first ones, as many as are needed, without those that hold none of what is short. None: those that
 * stop now are enough. Undefined: all of them together would not be. Decides alone, and does nothing.
 */
export function chooseToStop<H extends Holder>(
  wanted: RoomWanted,
  { running, idle }: Holders<H>,
): H[] | undefined {
  const leaving = running.filter(({ state }) => state === "stopping");
  const chosen: H[] = [];
  const isEnough = () =>
    wanted.freeBytes + freedBy([...leaving, ...chosen], wanted, running) >= wanted.neededBytes;
  for (const worker of idle) {
    if (isEnough()) break;
    if (holds(worker, wanted) > 0) chosen.push(worker);
  }
  return isEnough() ? chosen : undefined;
}

/** What becomes free of the memory that is short when these are gone, in bytes. */
function freedBy(
  going: readonly Holder[],
  wanted: RoomWanted,
  running: readonly Holder[],
): number {
  if (wanted.onGpu) return sum(going.map((worker) => holds(worker, wanted)));
  const own = sum(going.map(({ memory }) => memory.neededBytes - memory.mappedBytes));
  const staying = running.filter((worker) => !going.includes(worker));
  // A file is given back by the last that has mapped it.
  return own + reservedBytes(running, wanted.model) - reservedBytes(staying, wanted.model);
}

function holds({ spec, memory }: Holder, wanted: RoomWanted): number {
  if (!wanted.onGpu) return memory.neededBytes;
  return mayShareGpu(spec.device, wanted.device) ? memory.vramBytes : 0;
}

/** Two that name a GPU each share one only if it is the same. */
function mayShareGpu(a: string, b: string): boolean {
  return a === b || !a.includes(":") || !b.includes(":");
}

function sum(bytes: readonly number[]): number {
  return bytes.reduce((total, each) => total + each, 0);
}
