import type { HiveSettings } from "../config/hive_settings.ts";
import type { JobRegistry } from "../jobs/job_registry.ts";
import type { GroupLedger } from "../process/group_ledger.ts";
import type { MemoryCheck } from "./memory_check.ts";
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
