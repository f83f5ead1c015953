import type { Hono } from "hono";
import { readAfter, typedStreamResponse } from "../jobs/job_routes.ts";
import { type TelemetryFeed, telemetryResponse } from "../jobs/telemetry_feed.ts";
import type { WorkerLifecycle } from "./worker_lifecycle.ts";
import { proxyToWorker } from "./worker_proxy.ts";

/** Adds what only a hive has: its workers, their output, and the way to them. */
export function addHiveRoutes(app: Hono, workers: WorkerLifecycle, feed: TelemetryFeed): void {
  app.get("/v1/telemetry/stream", (c) => telemetryResponse(c, feed));

  app.get("/v1/workers", (c) => c.json({ workers: workers.list() }));

  app.get("/v1/workers/:id/log", (c) => {
    const log = workers.logOf(c.req.param("id"));
    const after = readAfter(c, log.lastSeq);
    const until = c.req.query("follow") === "false" ? log.lastSeq : undefined;
    return typedStreamResponse(c, log.cursor(after, { until }));
  });

  app.all("/v1/workers/:id/proxy/*", (c) => {
    const id = c.req.param("id");
    // From the raw address: what a client encoded stays encoded.
    const { pathname } = new URL(c.req.url);
    const path = pathname.slice(pathname.indexOf("/proxy/") + "/proxy".length);
    return proxyToWorker(c, workers.get(id), path, workers);
  });
}
