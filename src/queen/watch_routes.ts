import type { Hono } from "hono";
import { timestamp } from "../base/timestamp.ts";
import type { Viewer } from "../contracts/watch.ts";
import { callerOf } from "../http/caller.ts";
import { eventStreamResponse, type MergeableSource } from "../http/event_stream.ts";
import { countStream } from "../http/limit_requests.ts";
import { MergedSource } from "../http/merged_source.ts";
import type { JobFeed } from "../jobs/job_feed.ts";
import type { JobRegistry } from "../jobs/job_registry.ts";
import { readAfterIn } from "../jobs/job_routes.ts";
import type { TelemetryFeed } from "../jobs/telemetry_feed.ts";
import { STREAM_HEAD } from "../sse/encode_event.ts";
import { VERSION } from "../version.ts";
import type { History } from "./history.ts";

/** What one watch shows. */
export interface WatchParts {
  registry: JobRegistry;
  /** Which jobs there are. */
  jobFeed: JobFeed;
  telemetry: TelemetryFeed;
  history: History;
  /** This start of the queen. */
  instance: string;
}

/** Adds the one stream of all that goes on: what a page would otherwise ask for with a connection each. */
export function addWatchRoutes(app: Hono, parts: WatchParts): void {
  const { registry, jobFeed, telemetry, history } = parts;

  app.get("/v1/watch", (c) => {
    const caller = callerOf(c);
    const jobId = c.req.query("job");
    // What is wrong with the job or its cursor is told before there is anything to be closed again.
    const job = jobId === undefined ? undefined : registry.get(jobId, caller);
    const after = job === undefined ? 0 : readAfterIn(c, job);
    countStream(c);
    const viewer: Viewer = {
      at: timestamp(),
      role: caller.role,
      version: VERSION,
      instance: parts.instance,
    };
    const jobs = jobFeed.subscribe(caller);
    const sources: MergeableSource[] = [jobs];
    const closing = [() => jobs.end()];
    if (caller.role === "admin") {
      const reader = telemetry.subscribe({ numbered: false });
      sources.unshift(reader, history.read());
      closing.push(() => reader.end());
    }
    if (job !== undefined) {
      sources.push(job.log.cursor(after));
      closing.push(job.addReader({ untilEnd: true }));
    }
    return eventStreamResponse(c, new MergedSource(sources), {
      head: `${STREAM_HEAD}event: viewer\ndata: ${JSON.stringify(viewer)}\n\n`,
      onClose: () => closing.forEach((close) => close()),
    });
  });
}
