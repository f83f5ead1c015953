import type { DeviceInfo } from "../contracts/device.ts";

/** Where a worker runs. */
export interface WorkerDevice {
  /** What it was started with. */
  device: string;
  /** What it holds of the GPUs' memory; undefined where that is not known. */
  vramBytes?: number | undefined;
}

/**
 * Whether a worker runs where a request wants it, also by another name of the same device: `auto` is the
 * processor on a machine without a GPU, and the GPU where it took one. What is not certain will not do.
 *
 * @param devices Those of the worker's machine. None: they are not known.
 */
export function deviceWillDo(
  asked: string | undefined,
  { device, vramBytes = 0 }: WorkerDevice,
  devices: readonly Pick<DeviceInfo, "device" | "kind">[],
): boolean {
  if (asked === undefined || asked === "auto" || asked === device) return true;
  const gpus = devices.filter(({ kind }) => kind !== "cpu");
  if (asked === "cpu") {
    return device === "auto" && devices.length > 0 && gpus.length === 0 && vramBytes === 0;
  }
  const isOnGpu = device === "auto" ? vramBytes > 0 : device !== "cpu";
  if (asked === "gpu") return isOnGpu;
  const isNamed = device !== "auto" && device !== "gpu";
  return !isNamed && isOnGpu && gpus.length === 1 && gpus[0]!.device === asked;
}
