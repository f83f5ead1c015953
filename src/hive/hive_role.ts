import { join } from "node:path";
import { daemonFiles } from "../config/paths.ts";
import { type HiveOptions, hiveSettingsOf } from "../config/role_options.ts";
import { LOCAL_HIVE } from "../contracts/hive.ts";
import { runDaemonRole } from "../jobs/daemon_role.ts";
import { openKeptJobs } from "../jobs/kept_jobs.ts";
import type { RoleProcess } from "../jobs/role_process.ts";
import { TelemetryFeed } from "../jobs/telemetry_feed.ts";
import { GroupLedger } from "../process/group_ledger.ts";
import { endLeftoversOf, killMembers } from "../process/leftovers.ts";
import { readSystemMemory } from "../process/system_memory.ts";
import { CurrentSettings } from "./current_settings.ts";
import { HIVE_ROUTES } from "./described_routes.ts";
import { DeviceSurvey } from "./device_survey.ts";
import { lostWithItsHive } from "./ended_workers.ts";
import { engineNames } from "./engines.ts";
import { mayHaveGpu } from "./gpu_hint.ts";
import { addHiveMetrics } from "./hive_metrics.ts";
import { hiveOperations } from "./hive_operations.ts";
import { addHiveRoutes } from "./hive_routes.ts";
import { HiveTelemetrySource } from "./hive_telemetry.ts";
import { hiveModels } from "./hive_models.ts";
import { modelsToPreload } from "./model_policy.ts";
import { MemoryCheck } from "./memory_check.ts";
import { WorkerLifecycle } from "./worker_lifecycle.ts";

/** Runs a hive until it is told to end, then ends its workers. Returns the exit code. */
export function runHive(options: HiveOptions, process: RoleProcess): Promise<number> {
  const { paths, journal } = options;
  const files = daemonFiles(paths, "hive");
  const name = LOCAL_HIVE;
  return runDaemonRole({
    ...options,
    role: "hive",
    async open(resources) {
      await endLeftoversOf(files.groups);
      const { registry: logs } = resources.use(
        openKeptJobs(files.workers, journal, { interruption: lostWithItsHive }),
      );
      const ended = new AbortController();
      resources.defer(() => ended.abort());
      const settings = new CurrentSettings(options.settings);
      const survey = new DeviceSurvey();
      const feed: TelemetryFeed = new TelemetryFeed({
        snapshot: (how) => telemetry.snapshot(how),
      });
      const ledger = new GroupLedger(files.groups);
      // Engines know no pipe to their parent, and would outlive it.
      process.onForcedEnd(() => killMembers(ledger.groups));
      const workers = new WorkerLifecycle({
        hive: name,
        diagnostic: process.diagnostic,
        color: process.diagnosticColor,
        settings,
        logs,
        ledger,
        memory: new MemoryCheck(survey),
        provideModel: (model, signal) => models.store.provide(model, signal),
        storedModels: () => models.listed.all,
        devices: () => survey.snapshot(),
        freeMemory: () => readSystemMemory().freeBytes,
        onChange: () => feed.changed(),
      });
      const models = hiveModels({
        hive: name,
        folder: join(paths.data, "models"),
        allowHttp: () => settings.limits.allow_http,
        workers,
        onListed: () => feed.changed(),
      });
      // The first that a queen hears of this hive says what it has.
      await models.listed.look();
      const telemetry = new HiveTelemetrySource({
        name,
        workers,
        devices: () => survey.refreshed(),
        models: models.listed,
        engines: () => engineNames(settings),
      });
      return {
        handlers: hiveOperations({ name, workers, models, devices: () => survey.list() }),
        routes: (app) => addHiveRoutes(app, { workers, feed, models }),
        describedRoutes: HIVE_ROUTES,
        measure: (metrics) => addHiveMetrics(metrics, workers),
        reconfigure(yaml) {
          const before = modelsToPreload(settings);
          settings.replace(hiveSettingsOf(yaml));
          workers.reconfigured();
          workers.preload(before);
          feed.changed();
        },
        start() {
          // A process of a second, which a machine without a GPU can do without.
          if (mayHaveGpu()) survey.start(ended.signal);
          workers.preload();
        },
        // A download may take hours, and goes on where it was: it is not worth the grace period.
        stopping: () => models.store.close(),
        async stop() {
          await Promise.all([workers.stopAll("the hive is stopping"), models.listed.close()]);
          feed.close();
        },
      };
    },
  }, process);
}
