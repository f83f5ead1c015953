/**
 * The server side of the bench of a watched job, in a process of its own: prints its URL, and answers
 * `POST /write` when a job's tokens were written, with what that took. Argument 1: what `/stream` is.
 */
import process from "node:process";
import { Hono } from "hono";
import { delay } from "../../src/base/delay.ts";
import { timestamp } from "../../src/base/timestamp.ts";
import { JobFeed } from "../../src/jobs/job_feed.ts";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { jobRoutes } from "../../src/jobs/job_routes.ts";
import { TelemetryFeed } from "../../src/jobs/telemetry_feed.ts";
import { History } from "../../src/queen/history.ts";
import { TokenRates } from "../../src/queen/token_rates.ts";
import { addWatchRoutes } from "../../src/queen/watch_routes.ts";
import { serveBench } from "./serve_bench.ts";

const TOKENS = 3000;

const registry = new JobRegistry();
const jobFeed = new JobFeed(registry);
const telemetry = new TelemetryFeed({
  snapshot: () => ({ at: timestamp(), hives: [], workers: [] }),
});
const history = new History({ known: () => [], tokens: new TokenRates() });
const app = new Hono();
app.route("/", jobRoutes({ registry, accepting: () => true, handlers: {} }));
addWatchRoutes(app, { registry, jobFeed, telemetry, history, instance: crypto.randomUUID() });

const { job } = registry.create({ operation: "bench" });
job.start();
const path = Deno.args[0] === "watch" ? `/v1/watch?job=${job.id}` : `/v1/jobs/${job.id}/stream`;
app.get("/stream", () => app.request(path));
app.post("/write", async (c) => {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  for (let i = 0; i < TOKENS; i++) {
    job.log.append({ type: "token", text: " token", i });
    await delay(1);
  }
  job.finishDone({ result: null });
  const writeMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  telemetry.close();
  jobFeed.close();
  history.stop();
  return c.json({ writeMs, cpuMs: (user + system) / 1000, tokens: TOKENS });
});

await serveBench(app.fetch);
