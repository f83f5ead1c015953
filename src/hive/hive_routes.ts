import { Hono } from "hono";
import type { AnswerWay } from "../http/listen.ts";
import { readAfter, typedStreamResponse } from "../jobs/job_routes.ts";
import { type TelemetryFeed, telemetryResponse } from "../jobs/telemetry_feed.ts";
import { addModelFileRoutes, type ModelFileParts } from "./model_file_routes.ts";
import type { WorkerLifecycle } from "./worker_lifecycle.ts";
import { proxyToWorker } from "./worker_proxy.ts";

/** What the routes of a hive work with. */
export interface HiveRouteParts {
  workers: WorkerLifecycle;
  feed: TelemetryFeed;
  models: ModelFileParts;
}

/** Adds what only a hive has: its workers, their output, the way to them, and its models. */
export function addHiveRoutes(app: Hono, { workers, feed, models }: HiveRouteParts): void {
  addModelFileRoutes(app, models);

  app.get("/v1/telemetry/stream", (c) => telemetryResponse(c, feed));

  app.get("/v1/workers", (c) => c.json({ workers: workers.list() }));

  app.get("/v1/workers/:id/log", (c) => {
    const log = workers.logOf(c.req.param("id"));
    const after = readAfter(c, log.lastSeq);
    const until = c.req.query("follow") === "false" ? log.lastSeq : undefined;
    return typedStreamResponse(c, log.cursor(after, { until }));
  });

  const proxy = new Hono<{ Bindings: AnswerWay }>();
  proxy.all("/v1/workers/:id/proxy/*", (c) => {
    const id = c.req.param("id");
    // From the raw address: what a client encoded stays encoded.
    const { pathname } = new URL(c.req.url);
    const path = pathname.slice(pathname.indexOf("/proxy/") + "/proxy".length);
    return proxyToWorker(c, workers.get(id), path, workers);
  });
  app.route("/", proxy);
}
