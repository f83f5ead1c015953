import type { DaemonOptions } from "../config/role_options.ts";
import { LOCAL_HIVE } from "../contracts/hive.ts";
import { runDaemonRole } from "../jobs/daemon_role.ts";
import type { RoleProcess } from "../jobs/role_process.ts";
import { hiveOperations } from "./hive_operations.ts";
import { addHiveRoutes } from "./hive_routes.ts";
import { WorkerLifecycle } from "./worker_lifecycle.ts";

/** Runs a hive until it is told to end, then ends its workers. Returns the exit code. */
export function runHive(options: DaemonOptions, process: RoleProcess): Promise<number> {
  const workers = new WorkerLifecycle({ hive: LOCAL_HIVE, diagnostic: process.diagnostic });
  return runDaemonRole({
    ...options,
    role: "hive",
    handlers: hiveOperations(LOCAL_HIVE, workers),
    routes: (app) => addHiveRoutes(app, workers),
    stopParts: () => workers.stopAll("the hive is stopping"),
  }, process);
}
