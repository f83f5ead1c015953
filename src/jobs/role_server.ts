import type { Hono } from "hono";
import { v7 } from "uuid";
import { within } from "../base/delay.ts";
import type { Role } from "../contracts/identifiers.ts";
import type { Access } from "../http/access.ts";
import { createApp } from "../http/app.ts";
import { COMMON_ROUTES } from "../http/described_routes.ts";
import { addDocumentRoutes } from "../http/document_routes.ts";
import { HealthState } from "../http/health.ts";
import type { RequestLimits } from "../http/request_limits.ts";
import type { NetworkListener } from "../http/network_listener.ts";
import type { RouteDescription } from "../http/route_description.ts";
import { RoleMetrics } from "../metrics/role_metrics.ts";
import { narrate } from "../narration/narrate.ts";
import { describeJobRoutes } from "./described_routes.ts";
import { addJobMetrics } from "./job_metrics.ts";
import { JobRegistry } from "./job_registry.ts";
import { jobRoutes } from "./job_routes.ts";
import type { OperationHandlers } from "./operation_handler.ts";
import { listenForRole, type RoleListener } from "./role_listener.ts";
import type { JobIntake } from "./submit_job.ts";

/** What a role's own routes may use: its jobs, and which start of it this is. */
export interface RoleIntake extends JobIntake {
  /** As `/health` says it. */
  instance: string;
}

/** What makes a server into a role. */
export interface RoleServerOptions {
  role: Exclude<Role, "keeper">;
  host: string;
  port: number;
  handlers: OperationHandlers;
  /** The jobs; by default of this process's memory alone. */
  registry?: JobRegistry;
  /** Adds the role's own routes, which may make jobs too. */
  routes?: (app: Hono, jobs: RoleIntake) => void;
  /** What those routes are, for the role's document. */
  describedRoutes?: readonly RouteDescription[];
  /** Names beside the loopback ones and `host` under which it may be addressed, asked for at each request. */
  names?: () => readonly string[];
  /** Whom it answers. Default: everybody, who may do everything. */
  access?: Access | undefined;
  /** The listener that has its address already, where others can reach it. Default: one on loopback. */
  network?: NetworkListener | undefined;
  /** What bounds requests. Default: nothing but the size of bodies and the time that they may take. */
  limits?: RequestLimits | undefined;
  /** Adds the role's own figures to those of its jobs and requests. */
  measure?: ((metrics: RoleMetrics) => void) | undefined;
  /** How long running jobs may go on once a shutdown begins. Default 10,000. */
  graceMs?: number;
}

/** A role that accepts connections. */
export interface RoleServer {
  readonly url: string;
  /** How this home reaches it, where that is not `url`. */
  readonly localUrl?: string | undefined;
  readonly registry: JobRegistry;
  readonly health: HealthState;
  /** Resolves when `POST /v1/shutdown` asks for the end. */
  readonly shutdownRequested: Promise<void>;
  /** Takes no more jobs, lets running ones go on for the grace period, cancels what is left. */
  drain(options?: { graceMs?: number }): Promise<void>;
  /** Closes the listener. */
  close(): Promise<void>;
}

/** Why a role that ends cancels the jobs that the grace period has not ended. */
export function stoppingReason(role: RoleServerOptions["role"]): string {
  return `the ${role} is stopping`;
}

/**
 * Starts what queen, hive and worker have in common: health, jobs, shutdown. `/health` says `starting`
 * until the role sets its status.
 *
 * @throws {RbeeError} `port_in_use` If another program has the port; its name is told where it can be
 * known.
 * @throws {RbeeError} `cannot_listen` If the address is not this machine's or not permitted.
 */
export function startRoleServer(options: RoleServerOptions): RoleServer {
  const health = new HealthState(options.role, v7());
  const registry = options.registry ?? new JobRegistry();
  const shutdown = Promise.withResolvers<void>();
  const describedRoutes = [
    ...describeJobRoutes(options.handlers),
    ...options.describedRoutes ?? [],
  ];
  const metrics = new RoleMetrics(options.role);
  addJobMetrics(metrics, registry);
  options.measure?.(metrics);
  const app = createApp({
    health,
    metrics,
    requestShutdown: () => shutdown.resolve(),
    names: () => [...(options.names?.() ?? []), options.host],
    anyAddress: /^(0\.0\.0\.0|\[?::\]?)$/.test(options.host),
    access: options.access,
    limits: options.limits,
    describedRoutes,
  });
  const jobs: RoleIntake = {
    instance: health.instance,
    registry,
    handlers: options.handlers,
    accepting: () => health.status !== "stopping",
    limits: options.limits,
  };
  app.route("/", jobRoutes(jobs));
  options.routes?.(app, jobs);
  addDocumentRoutes(app, {
    role: options.role,
    routes: [...COMMON_ROUTES, ...describedRoutes],
  });
  const { host, port } = options;
  let listener: RoleListener;
  try {
    listener = listenForRole({
      network: options.network,
      host,
      port,
      handler: (request, way) => app.fetch(request, way),
    });
  } catch (error) {
    metrics[Symbol.dispose]();
    throw error;
  }
  narrate("listening", `Listening on ${listener.url}`, {
    fields: { url: listener.url, port: listener.port },
  });
  return {
    url: listener.url,
    localUrl: listener.localUrl,
    registry,
    health,
    shutdownRequested: shutdown.promise,
    async drain({ graceMs = options.graceMs ?? 10_000 } = {}) {
      health.status = "stopping";
      const running = registry.active();
      if (running.length === 0) return;
      narrate("drain", `Waiting for ${running.length} running jobs, ${graceMs / 1000} s at most`);
      const ended = Promise.all(running.map((job) => job.ended));
      if (await within(ended.then(() => true), graceMs)) return;
      for (const job of running) job.cancel(stoppingReason(options.role));
      await ended;
    },
    async close() {
      await listener.close();
      metrics[Symbol.dispose]();
    },
  };
}
