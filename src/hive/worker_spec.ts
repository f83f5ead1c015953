import { OWN_ENGINE } from "../config/engine_settings.ts";
import type { ModelSettings } from "../config/hive_settings.ts";
import type { DeviceInfo } from "../contracts/device.ts";
import type { WorkerSpawnRequest } from "../contracts/operation.ts";
import type { WorkerOptions } from "../contracts/worker.ts";
import { deviceWillDo } from "../models/device_will_do.ts";

/** What a worker is to be, complete: what was asked for, and the defaults for the rest. */
export interface WorkerSpec {
  model: string;
  device: string;
  engine: string;
  options: WorkerOptions;
}

/** Fills in what a request leaves open: what rbee.yaml says of its model, then the defaults. */
export function completeSpec(
  request: WorkerSpawnRequest,
  settings: ModelSettings | undefined,
): WorkerSpec {
  const { operation: _op, hive: _hive, reuse: _reuse, model, device, engine, ...asked } = request;
  const { device: usual, engine: own, idle: _idle, pin: _pin, preload: _preload, ...options } =
    settings ?? { pin: false, preload: false };
  return {
    model,
    device: device ?? usual ?? "auto",
    engine: engine ?? own ?? OWN_ENGINE,
    options: { ...options, ...asked },
  };
}

/** Whether two requests can share a worker. The order of the options is no matter. */
export function isSameSpec(a: WorkerSpec, b: WorkerSpec): boolean {
  return keyOf(a) === keyOf(b);
}

/**
 * Whether a worker that has the model will do for a request that leaves its options open.
 *
 * @param where.vramBytes What the worker holds of the GPUs' memory, as far as it is known.
 * @param where.devices Those of this machine. None: they are not known.
 */
export function willDo(
  spec: WorkerSpec,
  request: WorkerSpawnRequest,
  where: { vramBytes: number; devices: readonly DeviceInfo[] },
): boolean {
  const { device, engine } = request;
  const { vramBytes, devices } = where;
  return deviceWillDo(device, { device: spec.device, vramBytes }, devices) &&
    (engine === undefined || spec.engine === engine);
}

function keyOf({ model, device, engine, options }: WorkerSpec): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return JSON.stringify([model, device, engine, given.sort(([a], [b]) => a < b ? -1 : 1)]);
}
