import type { Hono } from "hono";
import { untilAborted } from "../base/delay.ts";
import { daemonFiles, ensureFolder } from "../config/paths.ts";
import type { RbeeYaml } from "../config/rbee_yaml.ts";
import type { DaemonOptions } from "../config/role_options.ts";
import { readTlsCertificate } from "../http/tls_certificate.ts";
import { RequestLimits } from "../http/request_limits.ts";
import type { RouteDescription } from "../http/route_description.ts";
import type { RoleMetrics } from "../metrics/role_metrics.ts";
import { narrate } from "../narration/narrate.ts";
import { removePidFile, requireNotRunning, writePidFile } from "../process/pid_file.ts";
import { addJournalMetrics } from "./journal_metrics.ts";
import { CertificateReload } from "./certificate_reload.ts";
import { cancelOrphans, openKeptJobs } from "./kept_jobs.ts";
import type { OperationHandlers } from "./operation_handler.ts";
import { RereadSettings } from "./reread_settings.ts";
import { roleAccess } from "./role_access.ts";
import { openNetworkListener } from "./role_listener.ts";
import type { RoleProcess } from "./role_process.ts";
import { type RoleIntake, startRoleServer } from "./role_server.ts";

/** What makes a process into queen or hive. */
export interface DaemonParts {
  handlers: OperationHandlers;
  routes: (app: Hono, jobs: RoleIntake) => void;
  /** What those routes are, for the role's document. */
  describedRoutes?: readonly RouteDescription[];
  /** Whether its address shows a page in a browser, which is told to the person. Default false. */
  page?: boolean;
  /** Adds the role's own figures to those of its jobs, requests and journal. */
  measure?: (metrics: RoleMetrics) => void;
  /** Takes up what rbee.yaml says now. Default: nothing changes while the role runs. */
  reconfigure?: (yaml: RbeeYaml) => void | Promise<void>;
  /** Begins what the role does by itself, when it is ready. */
  start?: () => void;
  /**
   * Ends what is not worth waiting for, when the role begins to stop and takes no more jobs: those that
   * run have the grace period beside it.
   */
  stopping?: () => Promise<void>;
  /** Ends what the role has started, after its jobs have ended. */
  stop?: () => Promise<void>;
}

/** How queen or hive is run. */
export interface DaemonRoleOptions extends DaemonOptions {
  role: "queen" | "hive";
  /** Opens what the role needs. Called when it is sure that no other one runs for this home. */
  open(resources: AsyncDisposableStack): Promise<DaemonParts> | DaemonParts;
}

/**
 * Runs queen or hive until it is told to end: listens, leaves its pid file for others to find it by,
 * and at the end drains its jobs, stops its parts and takes the file away. Returns the exit code.
 *
 * @throws {RbeeError} `port_in_use`, `cannot_listen`, `tls_certificate`, `cannot_write` or
 * `already_running`; and as {@linkcode roleAccess}.
 */
export async function runDaemonRole(
  options: DaemonRoleOptions,
  process: RoleProcess,
): Promise<number> {
  const { role, host, port, paths, yaml, reread } = options;
  const files = daemonFiles(paths, role);
  await ensureFolder(paths.state);
  // Before the port: the one that runs most likely has it, and is the better reason.
  await requireNotRunning(files.pid);
  await using resources = new AsyncDisposableStack();
  const access = await roleAccess(options, resources);
  const { tls, maxConnections } = options;
  const certificate = tls && await readTlsCertificate(tls);
  const network = await openNetworkListener({ host, port, certificate, maxConnections });
  // Where the role does not come to closing it.
  resources.defer(() => network?.close({ drainMs: 0 }));
  const kept = resources.use(openKeptJobs(files.journal, options.journal));
  const parts = await options.open(resources);
  const { handlers, routes, describedRoutes = [] } = parts;
  const limits = resources.use(new RequestLimits(yaml.limits));
  let { names } = options;
  const reconfigure = async (now: RbeeYaml) => {
    limits.reconfigure(now.limits);
    names = now[role].names;
    await parts.reconfigure?.(now);
  };
  const settings = new RereadSettings({ role, yaml, reread, reconfigure });
  const certificates = tls && network && new CertificateReload(tls, network);
  const server = startRoleServer({
    role,
    host,
    port,
    handlers,
    routes,
    describedRoutes,
    names: () => [...names, ...network?.names ?? []],
    network,
    access,
    limits,
    measure(metrics) {
      addJournalMetrics(metrics, kept.journal);
      parts.measure?.(metrics);
    },
    registry: kept.registry,
  });
  try {
    await writePidFile(files.pid, {
      instance: server.health.instance,
      url: server.url,
      local_url: server.localUrl,
    });
  } catch (error) {
    await server.close();
    throw error;
  }
  process.givePermissionsUp?.();
  server.health.status = "ok";
  if (parts.page) {
    const url = `${server.url}/`;
    narrate("page", `The page is at ${url}`, { fields: { url } });
  }
  narrate("ready", `The ${role} is ready at ${server.url}`, { fields: { url: server.url } });
  process.tell?.("ready");
  parts.start?.();
  process.onReload(() => {
    if (process.signal.aborted) return;
    process.tell?.("reloading");
    settings.reread().finally(() => process.tell?.("ready"));
    certificates?.reread();
  });
  const cancelling = cancelOrphans(kept.orphans);
  await Promise.race([server.shutdownRequested, untilAborted(process.signal)]);
  await Promise.all([settings.close(), certificates?.close()]);
  process.tell?.("stopping");
  narrate("stopping", `The ${role} is stopping`);
  await Promise.all([server.drain(), parts.stopping?.()]);
  await parts.stop?.();
  await server.close();
  limits[Symbol.dispose]();
  await cancelling;
  await removePidFile(files.pid);
  narrate("stopped", `The ${role} has stopped`);
  return 0;
}
