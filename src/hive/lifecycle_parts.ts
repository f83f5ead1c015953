import type { HiveSettings } from "../config/hive_settings.ts";
import type { DeviceInfo } from "../contracts/device.ts";
import type { ModelSize } from "../contracts/model.ts";
import type { JobRegistry } from "../jobs/job_registry.ts";
import type { GroupLedger } from "../process/group_ledger.ts";
import type { MemoryCheck } from "./memory_check.ts";
import type { ProvideModel } from "./provide_model.ts";
import type { RestartOptions } from "./restart_budget.ts";

/** What the workers of a hive need. */
export interface LifecycleParts {
  /** The hive's name, as others list it. */
  hive: string;
  /** Writes a line of the operator's log. */
  diagnostic(line: string): void;
  /** Whether the operator's log shows colour. Default false. */
  color?: boolean;
  /** What rbee.yaml says. Default: its defaults. */
  settings?: HiveSettings;
  /** Where the workers' logs are kept. Default: in memory. */
  logs?: JobRegistry;
  /** The list of what runs, on disk. Default: none. */
  ledger?: GroupLedger;
  /** Refuses what does not fit into memory, for engines that are other programs. */
  memory?: Pick<MemoryCheck, "check"> | undefined;
  /** Gives the files of models, fetched where need be. Default: the demo model and paths alone. */
  provideModel?: ProvideModel | undefined;
  /** The models that are whole in the store, by which names that mean the same are known. Default: none. */
  storedModels?: (() => readonly Pick<ModelSize, "name">[]) | undefined;
  /** The devices of the machine, as far as they are known now. Default: none are. */
  devices?: (() => readonly DeviceInfo[]) | undefined;
  /** What the machine has free, in bytes. */
  freeMemory?: (() => number | undefined) | undefined;
  /** Told at each change of a worker's state. */
  onChange?: () => void;
  /** The limit without any progress while our own worker loads. Default 10 minutes. */
  loadStallMs?: number;
  /** Between SIGTERM and SIGKILL. Default 10,000. */
  graceMs?: number;
  restarts?: RestartOptions;
}
