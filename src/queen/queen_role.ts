import type { QueenOptions } from "../config/role_options.ts";
import { runDaemonRole } from "../jobs/daemon_role.ts";
import type { RoleProcess } from "../jobs/role_process.ts";
import { TelemetryFeed } from "../jobs/telemetry_feed.ts";
import { QUEEN_ROUTES } from "./described_routes.ts";
import { queenOperations } from "./dispatch.ts";
import { hiveRegistryOperations } from "./hive_registry.ts";
import { Hives } from "./hives.ts";
import { queenTelemetry } from "./queen_telemetry.ts";
import { addQueenRoutes } from "./queen_routes.ts";

/** Runs the queen until she is told to end. Returns the exit code. */
export function runQueen(options: QueenOptions, process: RoleProcess): Promise<number> {
  return runDaemonRole({
    ...options,
    role: "queen",
    open(resources) {
      const feed: TelemetryFeed = new TelemetryFeed({ snapshot: () => queenTelemetry(hives) });
      const hives = new Hives(options.paths, {
        added: options.hives,
        onChange: () => feed.changed(),
      });
      resources.defer(() => hives.close());
      return {
        handlers: {
          ...queenOperations(hives, options.limits),
          ...hiveRegistryOperations(hives, options.paths),
        },
        routes: (app, jobs) =>
          addQueenRoutes(app, hives, { feed, jobs, configured: options.models }),
        describedRoutes: QUEEN_ROUTES,
        start: () => hives.start(),
        stop() {
          feed.close();
          return hives.close();
        },
      };
    },
  }, process);
}
