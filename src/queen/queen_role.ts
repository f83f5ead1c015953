import type { DaemonOptions } from "../config/role_options.ts";
import { runDaemonRole } from "../jobs/daemon_role.ts";
import type { RoleProcess } from "../jobs/role_process.ts";
import { queenOperations } from "./dispatch.ts";
import { Hives } from "./hives.ts";
import { addQueenRoutes } from "./queen_routes.ts";

/** Runs the queen until she is told to end. Returns the exit code. */
export function runQueen(options: DaemonOptions, process: RoleProcess): Promise<number> {
  const hives = new Hives(options.paths);
  return runDaemonRole({
    ...options,
    role: "queen",
    handlers: queenOperations(hives),
    routes: (app) => addQueenRoutes(app, hives),
  }, process);
}
