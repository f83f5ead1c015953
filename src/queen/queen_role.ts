import type { QueenOptions } from "../config/role_options.ts";
import { readAuthorities, trustAuthorities } from "../http/trusted_authorities.ts";
import { runDaemonRole } from "../jobs/daemon_role.ts";
import { JobFeed } from "../jobs/job_feed.ts";
import type { RoleProcess } from "../jobs/role_process.ts";
import { TelemetryFeed } from "../jobs/telemetry_feed.ts";
import { QUEEN_ROUTES } from "./described_routes.ts";
import { queenOperations } from "./dispatch.ts";
import { History } from "./history.ts";
import { hiveRegistryOperations } from "./hive_registry.ts";
import { Hives } from "./hives.ts";
import { addQueenMetrics } from "./queen_metrics.ts";
import { PageFiles } from "./page_files.ts";
import { pageRoutes } from "./page_routes.ts";
import { queenTelemetry } from "./queen_telemetry.ts";
import { addQueenRoutes } from "./queen_routes.ts";
import { RequestSlots } from "./request_slots.ts";

/** Runs the queen until she is told to end. Returns the exit code. */
export function runQueen(options: QueenOptions, process: RoleProcess): Promise<number> {
  return runDaemonRole({
    ...options,
    role: "queen",
    async open(resources) {
      const { ca } = options;
      if (ca !== undefined) resources.use(trustAuthorities(await readAuthorities(ca)));
      const feed: TelemetryFeed = new TelemetryFeed({ snapshot: () => queenTelemetry(hives) });
      const hives = new Hives(options.paths, {
        added: options.hives,
        onChange: () => feed.changed(),
      });
      resources.defer(() => hives.close());
      const history = new History(hives);
      resources.defer(() => history.stop());
      let jobFeed: JobFeed | undefined;
      const page = new PageFiles({ cache: options.paths.cache });
      resources.defer(() => page.close());
      const slots = new RequestSlots(options.limits);
      let { models } = options;
      return {
        handlers: {
          ...queenOperations(hives, slots),
          ...hiveRegistryOperations(hives, options.paths),
        },
        routes(app, jobs) {
          jobFeed = new JobFeed(jobs.registry);
          const configured = () => models;
          addQueenRoutes(app, hives, { feed, history, jobFeed, jobs, configured });
          app.route("/", pageRoutes(page));
        },
        describedRoutes: QUEEN_ROUTES,
        page: true,
        measure: (metrics) => addQueenMetrics(metrics, hives, slots),
        async reconfigure({ queen, models: named, hives: added }) {
          slots.reconfigure(queen);
          models = Object.keys(named);
          await hives.keepOnly(added);
        },
        start() {
          hives.start();
          history.start();
        },
        stopping: () => page.close(),
        stop() {
          feed.close();
          history.stop();
          jobFeed?.close();
          return hives.close();
        },
      };
    },
  }, process);
}
