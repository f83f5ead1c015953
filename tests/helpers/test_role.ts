import type { Hono } from "hono";
import type { JobView } from "../../src/contracts/job.ts";
import { createApp } from "../../src/http/app.ts";
import { HealthState } from "../../src/http/health.ts";
import { JobClient, type JobClientOptions } from "../../src/jobs/job_client.ts";
import { JobRegistry, type JobRegistryOptions } from "../../src/jobs/job_registry.ts";
import { jobRoutes } from "../../src/jobs/job_routes.ts";
import { type RoleServer, startRoleServer } from "../../src/jobs/role_server.ts";
import { type FixtureOperations, fixtureOperations } from "./fixture_operations.ts";

export const INSTANCE = "019c1234-5678-7abc-8def-0123456789ab";

/** The routes of a role without a socket. */
export interface TestApp extends AsyncDisposable {
  app: Hono;
  registry: JobRegistry;
  health: HealthState;
  gates: FixtureOperations["gates"];
  /** How often a shutdown was asked for. */
  shutdowns(): number;
  /** Sends `POST /v1/jobs`. */
  post(body: unknown, headers?: Record<string, string>, query?: string): Promise<Response>;
  /** Submits and returns the job's id. */
  submit(body: Record<string, unknown>): Promise<string>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  view(jobId: string): Promise<JobView>;
}

/** Makes the routes of a role with the fixture operations; disposing ends every job. */
export function testApp(options: { registry?: JobRegistryOptions } = {}): TestApp {
  const { handlers, gates } = fixtureOperations();
  const registry = new JobRegistry(options.registry);
  const health = new HealthState("hive", INSTANCE);
  let shutdowns = 0;
  const app = createApp({ health, requestShutdown: () => void shutdowns++ });
  app.route(
    "/",
    jobRoutes({ registry, handlers, accepting: () => health.status !== "stopping" }),
  );
  const request = async (path: string, init?: RequestInit) => await app.request(path, init);
  const post = (body: unknown, headers: Record<string, string> = {}, query = "") =>
    request(`/v1/jobs${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const get = (path: string, headers: Record<string, string> = {}) => request(path, { headers });
  return {
    app,
    registry,
    health,
    gates,
    shutdowns: () => shutdowns,
    post,
    get,
    async submit(body) {
      const { job_id } = await (await post(body)).json();
      return job_id;
    },
    view: async (jobId) => await (await get(`/v1/jobs/${jobId}`)).json(),
    [Symbol.asyncDispose]: () => endAll(registry, gates),
  };
}

/** A role on a port of its own. */
export interface TestRole extends AsyncDisposable {
  server: RoleServer;
  url: string;
  gates: FixtureOperations["gates"];
  client: JobClient;
}

/** Starts a role with the fixture operations on a free port; disposing ends it. */
export function startTestRole(options: { client?: JobClientOptions } = {}): TestRole {
  const { handlers, gates } = fixtureOperations();
  const server = startRoleServer({ role: "hive", host: "127.0.0.1", port: 0, handlers });
  server.health.status = "ok";
  return {
    server,
    url: server.url,
    gates,
    client: new JobClient(server.url, options.client),
    async [Symbol.asyncDispose]() {
      await endAll(server.registry, gates);
      await server.close();
    },
  };
}

async function endAll(registry: JobRegistry, gates: FixtureOperations["gates"]): Promise<void> {
  const active = registry.active();
  for (const job of active) job.cancel("the test is over");
  gates.openAll();
  await Promise.all(active.map((job) => job.ended));
}
