import type { DeviceInfo } from "../../src/contracts/device.ts";
import type { HiveInfo } from "../../src/contracts/hive.ts";
import type { WorkerTelemetry } from "../../src/contracts/telemetry.ts";

/** A processor with 16 GB, 4 of them free. */
export function cpuDevice(changed: Partial<DeviceInfo> = {}): DeviceInfo {
  return {
    device: "cpu",
    kind: "cpu",
    name: "Processor",
    total_bytes: 16e9,
    free_bytes: 4e9,
    cores: 8,
    ...changed,
  };
}

/** A hive that is connected. */
export function hiveInfo(changed: Partial<HiveInfo> = {}): HiveInfo {
  return {
    name: "local",
    url: "http://127.0.0.1:1",
    state: "connected",
    version: "0.1.0",
    devices: [cpuDevice()],
    load: [],
    workers: 0,
    ...changed,
  };
}

/** A worker that is ready and has nothing to do. */
export function workerInfo(changed: Partial<WorkerTelemetry> = {}): WorkerTelemetry {
  return {
    worker_id: "worker-1",
    hive: "local",
    model: "bee-tiny",
    engine: "llama.cpp",
    device: "cpu",
    state: "ready",
    pid: 1,
    url: null,
    requests: 0,
    waiting: 0,
    restarts: 0,
    started_at: "2026-01-31T12:00:00.000Z",
    cpu_percent: null,
    memory_bytes: null,
    uptime_ms: 0,
    ...changed,
  };
}
