import type { Job } from "../jobs/job.ts";
import type { GroupLedger } from "../process/group_ledger.ts";
import type { MemoryLack } from "./choose_to_stop.ts";
import type { Engine } from "./engine.ts";
import type { RestartOptions } from "./restart_budget.ts";
import type { WorkerSpec } from "./worker_spec.ts";

/** What a worker needs of its hive. */
export interface WorkerParts {
  /** Its id: `worker-` and a UUIDv7. */
  id: string;
  /** The hive's name, as others list it. */
  hive: string;
  /** Its life as a job: the log of all that it says is this job's. */
  job: Job;
  engine: Engine;
  ledger: GroupLedger;
  /** Fetches its model, and waits for its place among the hive's workers; what it gives back ends that. */
  admit(signal: AbortSignal): Promise<() => void>;
  /** Makes room for it in the memory, see `WorkerMemory.makeRoom`; false where it cannot. */
  makeRoom(spec: WorkerSpec, lack: MemoryLack | undefined, signal: AbortSignal): Promise<boolean>;
  /** Writes a line of the operator's log. */
  diagnostic(line: string): void;
  /** Whether the operator's log shows colour. */
  color: boolean;
  /** Told at each change of state, and now and then how far it has come with its model. */
  onChange(): void;
  /** Between SIGTERM and SIGKILL, in milliseconds. Default 10,000. */
  graceMs?: number | undefined;
  restarts?: RestartOptions | undefined;
}
