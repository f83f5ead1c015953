import type { DeviceInfo } from "../contracts/device.ts";
import { formatTable } from "./table.ts";

/** The table of a hive's devices. */
export function deviceLines(devices: readonly DeviceInfo[]): string[] {
  return formatTable(
    ["DEVICE", "NAME", "FREE", "TOTAL", ""],
    devices.map((device) => [
      device.device,
      device.name,
      gigabytes(device.free_bytes),
      gigabytes(device.total_bytes),
      beside(device),
    ]),
  );
}

function beside({ cores, instruction_sets, limit_bytes }: DeviceInfo): string {
  return [
    cores === undefined ? "" : `${cores} core${cores === 1 ? "" : "s"}`,
    instruction_sets?.join(" ") ?? "",
    limit_bytes === undefined ? "" : `limited to ${gigabytes(limit_bytes)}`,
  ].filter((part) => part !== "").join(", ");
}

function gigabytes(bytes: number | null): string {
  return bytes === null ? "unknown" : `${(bytes / 1e9).toFixed(1)} GB`;
}
