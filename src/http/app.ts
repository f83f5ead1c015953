import { Hono } from "hono";
import { RbeeError } from "../base/rbee_error.ts";
import type { RoleMetrics } from "../metrics/role_metrics.ts";
import { reportDefect } from "../narration/defects.ts";
import { isTracing } from "../tracing/spans.ts";
import { type Access, checkAccess } from "./access.ts";
import { browserGuard } from "./browser_guard.ts";
import { COMMON_ROUTES } from "./described_routes.ts";
import { errorResponse } from "./errors.ts";
import { countRequests, metricsAnswer } from "./http_metrics.ts";
import type { HealthState } from "./health.ts";
import { limitRequests } from "./limit_requests.ts";
import type { RequestLimits } from "./request_limits.ts";
import { limitBody } from "./request_body.ts";
import type { RouteDescription } from "./route_description.ts";
import { takeUpTrace } from "./trace_context.ts";

/** What every role's routes stand on. */
export interface AppOptions {
  health: HealthState;
  /** Host names beside the loopback ones, asked for at each request. Default: none. */
  names?: () => readonly string[];
  /** Whether it listens on all addresses of its machine, each of which may stand in `Host`. */
  anyAddress?: boolean;
  /** Whom it answers. Default: everybody, who may do everything. */
  access?: Access | undefined;
  /** What bounds requests. Default: nothing but the size of bodies and the time that they may take. */
  limits?: RequestLimits | undefined;
  /** Its figures, for `GET /metrics`. Default: there is no such route. */
  metrics?: RoleMetrics | undefined;
  /** Its routes beside those of all roles; they say whom they are for. */
  describedRoutes?: readonly RouteDescription[];
  /** Starts the shutdown of the role; returns at once. */
  requestShutdown(): void;
}

/**
 * The routes and rules that all roles share: `GET /health`, `POST /v1/shutdown`, refusal of foreign
 * hosts and origins and of who has no access, the limit of bodies, and one form for errors and unknown
 * paths.
 */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    // Who has gone is no defect.
    if (!(error instanceof RbeeError || c.req.raw.signal.aborted)) reportDefect(error);
    return errorResponse(c, error);
  });
  app.notFound((c) =>
    errorResponse(
      c,
      new RbeeError("not_found", `There is no ${c.req.method} ${c.req.path.slice(0, 200)} here`),
    )
  );
  const { names = () => [], anyAddress = false, access, limits, metrics } = options;
  if (metrics !== undefined) app.use(countRequests(metrics, limits?.refusals));
  if (isTracing) app.use(takeUpTrace());
  const routes = [...COMMON_ROUTES, ...options.describedRoutes ?? []];
  if (limits !== undefined) app.use(limitRequests(limits, routes));
  app.use(browserGuard({ names, anyAddress }));
  if (access !== undefined) app.use(checkAccess(access, routes, limits));
  app.get("/health", (c) => {
    const view = options.health.view();
    return c.json(view, view.status === "ok" ? 200 : 503, { "Cache-Control": "no-store" });
  });
  if (metrics !== undefined) app.get("/metrics", metricsAnswer(metrics));
  app.use("/v1/*", limitBody());
  app.post("/v1/shutdown", (c) => {
    options.requestShutdown();
    return c.json({ status: "stopping" }, 202);
  });
  return app;
}
