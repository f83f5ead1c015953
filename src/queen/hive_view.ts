import type { DeviceInfo } from "../contracts/device.ts";
import type { ModelSize } from "../contracts/model.ts";
import type { PlacesTelemetry, WorkerTelemetry } from "../contracts/telemetry.ts";
import type { WorkerInfo } from "../contracts/worker.ts";

/** A worker as placement sees it: what its hive has just said of it may leave out its memory. */
export type WorkerView =
  & WorkerInfo
  & Partial<Pick<WorkerTelemetry, "memory" | "removable" | "queued">>;

/** A hive as placement sees it: what its telemetry told last. */
export interface HiveView {
  name: string;
  /** Why it cannot be used; undefined when it can. */
  unreachable?: string | undefined;
  workers: readonly WorkerView[];
  /** None: they are not known. */
  devices: readonly DeviceInfo[];
  /** Load averages of its machine over 1, 5 and 15 minutes. None: they are not known. */
  load: readonly number[];
  /** The models that are whole on its disk. */
  models: readonly ModelSize[];
  /** The engines that it can start. None: they are not known. */
  engines: readonly string[];
  /** The places of its workers. Undefined: they are not known. */
  places?: PlacesTelemetry | undefined;
}
