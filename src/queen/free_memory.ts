import type { DeviceInfo } from "../contracts/device.ts";
import { hasModel } from "../models/means_model.ts";
import type { HiveView, WorkerView } from "./hive_view.ts";

/** What is free for a model, in bytes. Infinity: it is not known. */
export interface FreeMemory {
  /** The one with the most first. */
  gpus: readonly { name: string; free: number }[];
  gpuSum: number;
  cpu: number;
  all: number;
  /** The devices in words: `cuda:0 and cpu`. */
  names: string;
}

/** For what memory is looked at. */
export interface MemoryQuestion {
  model: string;
  /** The devices that it may use. */
  devices: readonly DeviceInfo[];
  /** What a model needs, in bytes, as far as that is known. */
  needOf(model: string): number;
  /** The workers that are taken to be gone. */
  without: readonly WorkerView[];
}

/**
 * What a hive has free for a model: what it told last, without what workers that load now have been
 * granted, and without the files that others have mapped, which a machine goes on to count as free.
 */
export function freeMemory(hive: HiveView, question: MemoryQuestion): FreeMemory {
  const { devices, without } = question;
  const taken = aboutToBeTaken(hive, question);
  const cards = devices.filter(({ kind }) => kind !== "cpu");
  const gpus = cards.map(({ device, free_bytes }, at) => {
    const freed = without.filter((worker) =>
      worker.device.includes(":") ? worker.device === device : at === 0
    ).map(({ memory }) => memory?.vram_bytes ?? 0);
    return { name: device, free: Math.max(0, (free_bytes ?? Infinity) + sum(freed) - taken.gpu) };
  }).sort((a, b) => b.free - a.free);
  const processor = devices.find(({ kind }) => kind === "cpu");
  const freed = sum(without.map(({ memory }) => ownBytes(memory)));
  const kept = taken.cpu + mappedByOthers(hive, question);
  const cpu = processor === undefined
    ? 0
    : Math.max(0, (processor.free_bytes ?? Infinity) + freed - kept);
  const gpuSum = sum(gpus.map(({ free }) => free));
  // The GPU of Apple's chips has no memory of its own.
  const isUnified = devices.some(({ kind }) => kind === "metal");
  const all = isUnified ? Math.max(gpuSum, cpu) : gpuSum + cpu;
  const names = [...gpus.map(({ name }) => name), ...(processor === undefined ? [] : ["cpu"])];
  return { gpus, gpuSum, cpu, all, names: names.join(" and ") };
}

/** What workers that load now have been granted, and the figures do not show yet. */
function aboutToBeTaken(
  hive: HiveView,
  { needOf }: MemoryQuestion,
): { gpu: number; cpu: number } {
  const hasGpu = hive.devices.some(({ kind }) => kind !== "cpu");
  const taken = { gpu: 0, cpu: 0 };
  for (const { state, model, device } of hive.workers) {
    if (state !== "starting" && state !== "loading") continue;
    if (hasGpu && device !== "cpu") taken.gpu += needOf(model);
    else taken.cpu += needOf(model);
  }
  return taken;
}

/** The files that workers of other models have mapped, each once. Its own it would share. */
function mappedByOthers(hive: HiveView, { model, without }: MemoryQuestion): number {
  const mapped = new Map<string, number>();
  for (const worker of hive.workers) {
    const { state, memory, stored_as: storedAs } = worker;
    if (state !== "ready" || memory === undefined || without.includes(worker)) continue;
    if (hasModel({ model: worker.model, storedAs }, model, hive.models)) continue;
    const file = storedAs ?? worker.model;
    mapped.set(file, Math.max(mapped.get(file) ?? 0, memory.mapped_bytes));
  }
  return sum([...mapped.values()]);
}

function ownBytes(memory: WorkerView["memory"]): number {
  return memory === undefined ? 0 : memory.ram_bytes - memory.mapped_bytes;
}

function sum(bytes: readonly number[]): number {
  return bytes.reduce((total, each) => total + each, 0);
}
