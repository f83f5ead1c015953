import type { Hono } from "hono";
import { v7 } from "uuid";
import { within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import type { Role } from "../contracts/identifiers.ts";
import { createApp } from "../http/app.ts";
import { COMMON_ROUTES } from "../http/described_routes.ts";
import { addDocumentRoutes } from "../http/document_routes.ts";
import { HealthState } from "../http/health.ts";
import { listen, type Listener, type ListenOptions } from "../http/listen.ts";
import type { RouteDescription } from "../http/route_description.ts";
import { narrate } from "../narration/narrate.ts";
import { describePortHolder, findPortHolder } from "../process/port_holder.ts";
import { describeJobRoutes } from "./described_routes.ts";
import { JobRegistry } from "./job_registry.ts";
import { jobRoutes } from "./job_routes.ts";
import type { OperationHandlers } from "./operation_handler.ts";
import type { JobIntake } from "./submit_job.ts";

/** What makes a server into a role. */
export interface RoleServerOptions {
  role: Exclude<Role, "keeper">;
  host: string;
  port: number;
  handlers: OperationHandlers;
  /** The jobs; by default of this process's memory alone. */
  registry?: JobRegistry;
  /** Adds the role's own routes, which may make jobs too. */
  routes?: (app: Hono, jobs: JobIntake) => void;
  /** What those routes are, for the role's document. */
  describedRoutes?: readonly RouteDescription[];
  /** Names beside the loopback ones under which it may be addressed. */
  names?: readonly string[];
  /** What requests must show, all but those for its health. Default: nothing. */
  token?: string | undefined;
  /** How long running jobs may go on once a shutdown begins. Default 10,000. */
  graceMs?: number;
}

/** A role that accepts connections. */
export interface RoleServer {
  readonly url: string;
  readonly registry: JobRegistry;
  readonly health: HealthState;
  /** Resolves when `POST /v1/shutdown` asks for the end. */
  readonly shutdownRequested: Promise<void>;
  /** Takes no more jobs, lets running ones go on for the grace period, cancels what is left. */
  drain(options?: { graceMs?: number }): Promise<void>;
  /** Closes the listener. */
  close(): Promise<void>;
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
  const app = createApp({
    health,
    requestShutdown: () => shutdown.resolve(),
    names: [...(options.names ?? []), options.host],
    token: options.token,
  });
  const jobs: JobIntake = {
    registry,
    handlers: options.handlers,
    accepting: () => health.status !== "stopping",
  };
  app.route("/", jobRoutes(jobs));
  options.routes?.(app, jobs);
  addDocumentRoutes(app, {
    role: options.role,
    routes: [
      ...COMMON_ROUTES,
      ...describeJobRoutes(options.handlers),
      ...options.describedRoutes ?? [],
    ],
  });
  const { host, port } = options;
  const listener = listenOrSayWho({
    host,
    port,
    handler: (request, way) => app.fetch(request, way),
  });
  narrate("listening", `Listening on ${listener.url}`, {
    fields: { url: listener.url, port: listener.port },
  });
  return {
    url: listener.url,
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
      for (const job of running) job.cancel(`the ${options.role} is stopping`);
      await ended;
    },
    close: () => listener.close(),
  };
}

/** As {@linkcode listen}, but the error of a port that is taken names who has it. */
function listenOrSayWho(options: ListenOptions): Listener {
  try {
    return listen(options);
  } catch (error) {
    if (!(error instanceof RbeeError && error.code === "port_in_use")) throw error;
    const { host, port } = options;
    const holder = findPortHolder(host, port);
    if (holder === undefined) throw error;
    throw new RbeeError(
      error.code,
      `Port ${port} on ${host} is taken by ${
        describePortHolder(holder)
      }; choose another with --port (0 for any free one)`,
      { details: { port, ...(holder.pid === undefined ? {} : { pid: holder.pid }) } },
    );
  }
}
