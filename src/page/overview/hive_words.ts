import type { DeviceInfo } from "../../contracts/device.ts";
import { hasOwnMemory } from "../../contracts/device_memory.ts";
import type { HiveInfo } from "../../contracts/hive.ts";

// A reason that names a command says itself what to do.
const COMMAND = /\brbee [a-z]/;

/** The command to type where a hive is unreachable; undefined where its reason names one already. */
export function mendingCommand(
  { name, state, error = "" }: Pick<HiveInfo, "name" | "state" | "error">,
): string | undefined {
  if (state !== "unreachable" || COMMAND.test(error)) return undefined;
  // As the contract's LOCAL_HIVE, which would bring its schemas with it.
  return name === "local" ? "rbee up" : `rbee hive status ${name}`;
}

/** How busy a hive's machine is; undefined where that is not known. */
export function loadText(
  { load, devices }: Pick<HiveInfo, "load" | "devices">,
): string | undefined {
  const [lastMinute] = load;
  if (lastMinute === undefined) return undefined;
  const cores = devices.find(({ kind }) => kind === "cpu")?.cores;
  const of = cores === undefined ? "" : ` of ${cores} ${cores === 1 ? "core" : "cores"}`;
  return `Load ${lastMinute.toFixed(1)}${of}`;
}

/** How much of a device's memory is used, in bytes; undefined where it cannot be known. */
export function usedMemory(
  { total_bytes, free_bytes }: Pick<DeviceInfo, "total_bytes" | "free_bytes">,
): { used: number; total: number } | undefined {
  if (total_bytes === null || total_bytes === 0 || free_bytes === null) return undefined;
  return { used: Math.max(0, total_bytes - free_bytes), total: total_bytes };
}

/** What a device's memory is called: the machine's, or a GPU's own. */
export function memoryName(device: Pick<DeviceInfo, "kind">): string {
  return hasOwnMemory(device) ? "VRAM" : "memory";
}

/** The larger of the machine's memory and that of all its GPUs: an empty machine shows an empty chart. */
export function chartTop({ devices }: Pick<HiveInfo, "devices">): number {
  const totals = (own: boolean) =>
    devices.filter((device) => hasOwnMemory(device) === own)
      .map((device) => usedMemory(device)?.total ?? 0);
  const vram = totals(true).reduce((sum, total) => sum + total, 0);
  // What has none of its own tells the machine's, or its share of it.
  return Math.max(1e9, vram, ...totals(false));
}
