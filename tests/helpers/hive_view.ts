import type { DeviceInfo } from "../../src/contracts/device.ts";
import type { ModelSize } from "../../src/contracts/model.ts";
import type { PlacesTelemetry } from "../../src/contracts/telemetry.ts";
import type { WorkerInfo } from "../../src/contracts/worker.ts";
import type { HiveView } from "../../src/queen/hive_view.ts";

let made = 0;

/** A ready worker of the demo model on the processor, with an id of its own. */
export function placedWorker(fields: Partial<WorkerInfo> = {}): WorkerInfo {
  return {
    worker_id: `worker-${String(++made).padStart(8, "0")}-0000-7000-8000-000000000000`,
    hive: "local",
    model: "bee-tiny",
    engine: "llama",
    device: "cpu",
    state: "ready",
    pid: 1,
    url: "http://127.0.0.1:1",
    requests: 0,
    waiting: 0,
    restarts: 0,
    started_at: "2026-01-31T12:00:00.000Z",
    ...fields,
  };
}

/** A hive of which nothing is known but what is given. */
export function hiveView(name: string, fields: Partial<HiveView> = {}): HiveView {
  return { name, workers: [], devices: [], load: [], models: [], engines: [], ...fields };
}

/** A machine by what is free, in GB; null is not known. The processor is always there. */
export function devices(
  { cpu = 8, cores = 4, ...gpus }:
    & { cpu?: number | null; cores?: number }
    & Record<
      string,
      number | null | undefined
    > = {},
): DeviceInfo[] {
  const bytes = (gb: number | null) => gb === null ? null : gb * 1e9;
  const cards = Object.entries(gpus).map(([device, free]): DeviceInfo => ({
    device,
    kind: device.startsWith("cuda") ? "cuda" : device.startsWith("metal") ? "metal" : "vulkan",
    name: "a card",
    total_bytes: null,
    free_bytes: bytes(free ?? null),
  }));
  const processor: DeviceInfo = {
    device: "cpu",
    kind: "cpu",
    name: "a processor",
    total_bytes: null,
    free_bytes: bytes(cpu),
    cores,
  };
  return [processor, ...cards];
}

/** The places of a hive's workers: all of them taken, unless told otherwise, and nobody waits. */
export function places(fields: Partial<PlacesTelemetry> = {}): PlacesTelemetry {
  return { total: 1, free: 0, pinned: 0, waiting: 0, max_waiting: 512, ...fields };
}

/** A model on a disk by its size in GB. */
export function stored(name: string, gb: number): ModelSize {
  return { name, bytes: gb * 1e9 };
}
