import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { EXPOSITION_TYPE, type RoleMetrics } from "../metrics/role_metrics.ts";
import { Tally } from "../metrics/tally.ts";
import type { RefusalCount } from "./refusal_count.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);
const NO_ROUTE = "none";

/**
 * Counts the requests of a role by method, route and status, and measures how long their answers take to
 * begin. A route is its pattern, never the path that was asked for, so that nobody can make figures
 * without end; what belongs to no route is `none`.
 *
 * @param refusals What is counted of requests that were refused. Default: nothing.
 */
export function countRequests(
  metrics: RoleMetrics,
  refusals?: Pick<RefusalCount, "totals">,
): MiddlewareHandler {
  if (refusals !== undefined) addRefusals(metrics, refusals);
  const answered = new Tally();
  let open = 0;
  metrics.counter({
    name: "http_requests_total",
    help: "Requests that were answered, by method, pattern of the route and status",
    labels: ["method", "route", "status"],
  }, () => answered.figures);
  metrics.gauge({
    name: "http_requests_open",
    help: "Requests whose answers have not begun",
  }, () => open);
  const observe = metrics.histogram({
    name: "http_request_duration_seconds",
    help: "From a request to the begin of its answer; a stream goes on after that",
    labels: ["route"],
    buckets: SECONDS,
  });
  return async (c, next) => {
    const startedMs = performance.now();
    open++;
    try {
      await next();
    } finally {
      open--;
      const method = METHODS.has(c.req.method) ? c.req.method : "other";
      const route = routeOf(c);
      answered.add({ method, route, status: String(c.res.status) });
      observe((performance.now() - startedMs) / 1000, { route });
    }
  };
}

function addRefusals(metrics: RoleMetrics, refusals: Pick<RefusalCount, "totals">): void {
  metrics.counter({
    name: "refusals_total",
    help: "Requests that were refused, by the code of the error",
    labels: ["code"],
  }, () => [...refusals.totals].map(([code, value]) => ({ labels: { code }, value })));
}

/** The pattern of the route that a request belongs to: rules for all routes come before it. */
function routeOf(c: Context): string {
  const path = matchedRoutes(c).findLast(({ path }) => path !== "/*" && path !== "/v1/*")?.path;
  return path ?? NO_ROUTE;
}

/** Answers `GET /metrics`: the figures of the role, for Prometheus and others that read its format. */
export function metricsAnswer(metrics: RoleMetrics): (c: Context) => Promise<Response> {
  return async (c) =>
    c.body(await metrics.text(), 200, {
      "Content-Type": EXPOSITION_TYPE,
      "Cache-Control": "no-store",
    });
}
