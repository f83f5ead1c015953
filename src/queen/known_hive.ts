import type { DeviceInfo } from "../contracts/device.ts";
import type { HiveInfo } from "../contracts/hive.ts";
import type { ModelSize } from "../contracts/model.ts";
import type { WorkerInfo } from "../contracts/worker.ts";
import type { HiveView } from "./hive_view.ts";

/** A hive as the queen knows it now. */
export interface KnownHive extends HiveView {
  url: string | null;
  state: HiveInfo["state"];
  version: string | null;
  /** None while it is not connected: they go with it. */
  workers: WorkerInfo[];
  devices: DeviceInfo[];
  load: number[];
  /** The models on its disk. None while it is not connected. */
  models: ModelSize[];
  /** Whether one that cannot be used now may come back by itself: its process is there. */
  mayReturn: boolean;
}

/** How a hive is listed. */
export function hiveInfo(hive: KnownHive): HiveInfo {
  const { name, url, state, unreachable, version, devices, load, workers } = hive;
  return {
    name,
    url,
    state,
    ...(unreachable === undefined ? {} : { error: unreachable }),
    version,
    devices,
    load,
    workers: workers.filter((worker) => worker.state !== "stopped" && worker.state !== "failed")
      .length,
  };
}
