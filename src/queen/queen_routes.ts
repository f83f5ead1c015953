import type { Hono } from "hono";
import { unreachable } from "../http/api_client.ts";
import { passOn } from "../http/pass_on.ts";
import type { JobFeed } from "../jobs/job_feed.ts";
import type { RoleIntake } from "../jobs/role_server.ts";
import { type TelemetryFeed, telemetryResponse } from "../jobs/telemetry_feed.ts";
import type { History } from "./history.ts";
import { type Hives, urlOf } from "./hives.ts";
import { openAiRoutes } from "./openai/openai_routes.ts";
import { addWatchRoutes } from "./watch_routes.ts";
import { findWorker } from "./workers.ts";

/** What the queen's routes need beside her hives. */
export interface QueenRoutesOptions {
  feed: TelemetryFeed;
  history: History;
  jobFeed: JobFeed;
  jobs: RoleIntake;
  /** The models that rbee.yaml names. Default: none. */
  configured?: (() => readonly string[]) | undefined;
}

/** Adds what only the queen has: what she knows of her hives and their workers, and OpenAI's API. */
export function addQueenRoutes(app: Hono, hives: Hives, options: QueenRoutesOptions): void {
  const { feed, history, jobFeed, jobs, configured = () => [] } = options;
  app.route("/", openAiRoutes({ jobs, models: { hives, configured } }));

  app.get("/v1/telemetry/stream", (c) => telemetryResponse(c, feed));

  const { registry, instance } = jobs;
  addWatchRoutes(app, { registry, instance, jobFeed, telemetry: feed, history });

  app.get("/v1/hives", async (c) => c.json({ hives: await hives.list() }));

  app.get("/v1/workers", async (c) => c.json({ workers: await hives.workers() }));

  app.get("/v1/workers/:id/log", async (c) => {
    const known = await hives.refresh();
    const id = c.req.param("id");
    const url = urlOf(known, findWorker(known, id).hive);
    const path = `/v1/workers/${encodeURIComponent(id)}/log${new URL(c.req.url).search}`;
    return await passOn(c.req.raw, url + path).catch((error: unknown) => {
      throw unreachable(url, error);
    });
  });
}
