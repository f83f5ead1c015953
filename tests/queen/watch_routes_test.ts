import assert from "node:assert/strict";
import { queenTelemetrySchema } from "../../src/contracts/telemetry.ts";
import {
  historySchema,
  jobSummariesSchema,
  jobSummarySchema,
  sampleSchema,
  viewerSchema,
} from "../../src/contracts/watch.ts";
import { rbeeYamlSchema } from "../../src/config/rbee_yaml.ts";
import { timestamp } from "../../src/base/timestamp.ts";
import { RequestLimits } from "../../src/http/request_limits.ts";
import { JobFeed } from "../../src/jobs/job_feed.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { TelemetryFeed } from "../../src/jobs/telemetry_feed.ts";
import { QUEEN_ROUTES } from "../../src/queen/described_routes.ts";
import { History } from "../../src/queen/history.ts";
import { TokenRates } from "../../src/queen/token_rates.ts";
import { addWatchRoutes } from "../../src/queen/watch_routes.ts";
import { VERSION } from "../../src/version.ts";
import { parseFrames } from "../helpers/event_frames.ts";
import { fixtureOperations } from "../helpers/fixture_operations.ts";
import { HELD_ACCESS, type Holder, send, shows } from "../helpers/token_holders.ts";
import { WatchReader } from "../helpers/watch_reader.ts";

const STORY = { operation: "story", words: ["once", " upon", " a", " time"] };
const HOLD = { operation: "hold", gate: "held" };

/** A queen's watch on a port of its own, with small operations in the place of hers. */
function startWatched(
  options: { registry?: JobRegistry; limits?: Record<string, unknown> } = {},
) {
  const { registry = new JobRegistry() } = options;
  const { handlers, gates } = fixtureOperations();
  for (const name of ["hold", "story"]) handlers[name]!.permitInfer = () => {};
  const telemetry = new TelemetryFeed({
    snapshot: () => ({ at: timestamp(), hives: [], workers: [] }),
    beatMs: 3_600_000,
  });
  const history = new History({ known: () => [], tokens: new TokenRates() });
  const jobFeed = new JobFeed(registry);
  const limits = new RequestLimits(rbeeYamlSchema.parse({ limits: options.limits ?? {} }).limits);
  const server = startRoleServer({
    role: "queen",
    host: "127.0.0.1",
    port: 0,
    handlers,
    registry,
    access: HELD_ACCESS,
    limits,
    routes: (app, { instance }) =>
      addWatchRoutes(app, { registry, jobFeed, telemetry, history, instance }),
    describedRoutes: QUEEN_ROUTES,
  });
  server.health.status = "ok";
  const closeFeeds = () => {
    telemetry.close();
    history.stop();
    jobFeed.close();
  };
  return {
    url: server.url,
    instance: server.health.instance,
    registry,
    telemetry,
    history,
    gates,
    /** Ends what a queen ends when she does. */
    closeFeeds,
    get: (holder: Holder, query = "") => send(`${server.url}/v1/watch${query}`, holder, "GET"),
    open: (holder: Holder, query = "", headers: Record<string, string> = {}) =>
      WatchReader.open(`${server.url}/v1/watch${query}`, { ...shows(holder), ...headers }),
    async submit(holder: Holder, body: Record<string, unknown>): Promise<string> {
      const answer = await send(`${server.url}/v1/jobs`, holder, "POST", body);
      assert.equal(answer.status, 202);
      return (await answer.json()).job_id;
    },
    async finished(holder: Holder, body: Record<string, unknown>): Promise<string> {
      const id = await this.submit(holder, body);
      await registry.get(id).ended;
      return id;
    },
    /** The stream of a job that has ended. */
    async streamOf(id: string) {
      const answer = await send(`${server.url}/v1/jobs/${id}/stream`, "boss", "GET");
      return parseFrames(await answer.text());
    },
    async [Symbol.asyncDispose]() {
      closeFeeds();
      const active = registry.active();
      for (const job of active) job.cancel("the test is over");
      gates.openAll();
      await Promise.all(active.map((job) => job.ended));
      await server.close();
      limits[Symbol.dispose]();
    },
  };
}

Deno.test("GET /v1/watch says first who is answered, then telemetry, history and jobs, none with an id", async () => {
  await using queen = startWatched();
  const id = await queen.finished("ann", STORY);
  queen.history.take();
  await using watch = await queen.open("boss");
  await watch.until(({ event }) => event === "jobs");
  assert.deepEqual(watch.seen.map(({ event }) => event), [
    "viewer",
    "telemetry",
    "history",
    "jobs",
  ]);
  assert.deepEqual(watch.ofJob(), []);
  const [viewer, telemetry, history, jobs] = watch.seen.map(({ data }) => JSON.parse(data));
  const { at, ...others } = viewerSchema.parse(viewer);
  assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000, at);
  assert.deepEqual(others, {
    role: "admin",
    version: VERSION,
    instance: queen.instance,
  });
  queenTelemetrySchema.parse(telemetry);
  assert.equal(historySchema.parse(history).samples.length, 1);
  const summaries = jobSummariesSchema.parse(jobs);
  assert.deepEqual([summaries.jobs.map(({ job_id }) => job_id), summaries.more], [[id], false]);
});

Deno.test("GET /v1/watch tells of changes, samples and jobs as they come", async () => {
  await using queen = startWatched();
  await using watch = await queen.open("boss");
  await watch.until(({ event }) => event === "jobs");
  const { length } = watch.dataOf("telemetry");
  queen.telemetry.changed();
  await watch.until(() => watch.dataOf("telemetry").length > length);
  queen.history.take();
  const sample = await watch.until(({ event }) => event === "sample");
  sampleSchema.parse(JSON.parse(sample.data));
  const id = await queen.submit("ann", HOLD);
  const states = () =>
    watch.dataOf("job").map((job) => jobSummarySchema.parse(job))
      .filter(({ job_id }) => job_id === id).map(({ state }) => state);
  await watch.until(() => states().includes("running"));
  queen.gates.open("held");
  await watch.until(() => states().includes("done"));
  assert.equal(states().filter((state) => state === "done").length, 1);
  assert.equal(watch.dataOf("history").length, 1);
  assert.equal(watch.dataOf("jobs").length, 1);
});

Deno.test("GET /v1/watch of a job has its events as its own stream has them, and goes on when it has ended", async () => {
  await using queen = startWatched();
  const running = await queen.submit("ann", HOLD);
  await queen.gates.reached("held");
  await using watch = await queen.open("boss", `?job=${running}`);
  await watch.until(({ id }) => id === "1");
  queen.gates.open("held");
  await watch.until(({ event }) => event === "done");
  const later = await queen.finished("ann", STORY);
  await watch.until(({ event, data }) => event === "job" && data.includes(later));
  assert.deepEqual(watch.ofJob(), await queen.streamOf(running));

  await using again = await queen.open("boss", `?job=${running}`);
  await again.until(({ event }) => event === "done");
  assert.deepEqual(again.ofJob(), watch.ofJob(), "replayed");
});

Deno.test("GET /v1/watch resumes a job after the last event that was seen, by header or query", async () => {
  await using queen = startWatched();
  const id = await queen.finished("ann", STORY);
  const all = await queen.streamOf(id);
  const ways: [string, Record<string, string>][] = [
    ["&after=3", {}],
    ["", { "Last-Event-ID": "3" }],
    ["&after=1", { "Last-Event-ID": "3" }],
  ];
  for (const [query, headers] of ways) {
    await using watch = await queen.open("boss", `?job=${id}${query}`, headers);
    await watch.until(({ event }) => event === "done");
    assert.deepEqual(watch.ofJob(), all.slice(3));
    assert.equal(watch.dataOf("jobs").length, 1, "the rest is told anew");
  }
  await using seenAll = await queen.open("boss", `?job=${id}&after=${all.length}`);
  await seenAll.until(({ event }) => event === "jobs");
  queen.history.take();
  await seenAll.until(({ event }) => event === "sample");
  assert.deepEqual(seenAll.ofJob(), []);
});

Deno.test("GET /v1/watch says what is wrong with the job or its cursor before anything is sent", async () => {
  const registry = new JobRegistry({ maxEndedJobs: 1 });
  await using queen = startWatched({ registry });
  const expired = await queen.finished("boss", STORY);
  const known = await queen.finished("boss", STORY);
  const cases: [string, number, string][] = [
    [`?job=${newJobId()}`, 404, "job_not_found"],
    ["?job=", 404, "job_not_found"],
    [`?job=${expired}`, 410, "job_expired"],
    [`?job=${known}&after=1000`, 400, "invalid_cursor"],
    [`?job=${known}&after=x`, 400, "invalid_cursor"],
  ];
  for (const [query, status, code] of cases) {
    const answer = await queen.get("boss", query);
    const { error } = await answer.json();
    assert.deepEqual([answer.status, error.code], [status, code], query);
  }
  assert.equal(registry.tally.readers, 0);
});

Deno.test("GET /v1/watch shows a token of the role infer its own jobs, and nothing else", async () => {
  await using queen = startWatched();
  const before = await queen.finished("ann", STORY);
  const others = [await queen.finished("ben", STORY), await queen.finished("boss", STORY)];
  await using watch = await queen.open("ann", `?job=${before}`);
  await watch.until(({ event }) => event === "done");
  await watch.until(({ event }) => event === "jobs");
  queen.telemetry.changed();
  queen.history.take();
  others.push(await queen.finished("ben", STORY), await queen.finished("boss", STORY));
  const after = await queen.finished("ann", STORY);
  await watch.until(({ event, data }) => event === "job" && data.includes('"done"'));

  const kinds = new Set(watch.seen.map(({ event }) => event));
  assert.deepEqual([...kinds].sort(), ["done", "job", "jobs", "narration", "token", "viewer"]);
  assert.equal(watch.dataOf("viewer")[0]?.["role"], "infer");
  const text = JSON.stringify(watch.seen);
  for (const id of others) assert.ok(!text.includes(id), "a job of another");
  assert.ok(text.includes(after));
  assert.deepEqual(watch.ofJob(), await queen.streamOf(before));

  const unknown = newJobId();
  const [other, none] = await Promise.all(
    [others[0]!, unknown].map((id) => queen.get("ann", `?job=${id}`)),
  );
  assert.deepEqual([other!.status, none!.status], [404, 404]);
  assert.equal((await other!.text()).replaceAll(others[0]!, unknown), await none!.text());
});

Deno.test("GET /v1/watch is closed to who shows no token", async () => {
  await using queen = startWatched();
  const answer = await fetch(`${queen.url}/v1/watch`);
  assert.equal(answer.status, 401);
  assert.equal((await answer.json()).error.code, "unauthorized");
});

Deno.test("GET /v1/watch counts as a reader of its job until that has ended, or until it goes", async () => {
  await using queen = startWatched();
  const { tally } = queen.registry;
  const held = await queen.submit("boss", { ...HOLD, unwatched_limit_ms: 60_000 });
  {
    await using watch = await queen.open("boss", `?job=${held}`);
    await watch.until(({ event }) => event === "jobs");
    assert.equal(tally.readers, 1);
    queen.gates.open("held");
    await watch.until(({ event }) => event === "done");
    assert.equal(tally.readers, 0);
  }
  assert.equal(tally.readers, 0);
});

Deno.test("GET /v1/watch counts as one stream of its token, whatever it shows", async () => {
  await using queen = startWatched({ limits: { infer: { streams: 1 } } });
  const id = await queen.finished("ann", STORY);
  await using watch = await queen.open("ann", `?job=${id}`);
  await watch.until(({ event }) => event === "jobs");
  const second = await queen.get("ann", `?job=${id}`);
  assert.deepEqual([second.status, (await second.json()).error.code], [429, "too_many_streams"]);
  await using other = await queen.open("ben");
  await other.until(({ event }) => event === "jobs");
});

Deno.test("GET /v1/watch ends with the queen, after what waits", async () => {
  await using queen = startWatched();
  const id = await queen.finished("boss", STORY);
  await using watch = await queen.open("boss", `?job=${id}`);
  await watch.until(({ event }) => event === "done");
  queen.history.take();
  queen.closeFeeds();
  await watch.ended;
  assert.equal(watch.dataOf("sample").length, 1);
});

Deno.test("HEAD /v1/watch leaves no reader behind", async () => {
  await using queen = startWatched();
  const id = await queen.submit("boss", HOLD);
  const answer = await send(`${queen.url}/v1/watch?job=${id}`, "boss", "HEAD");
  assert.deepEqual([answer.status, await answer.text()], [200, ""]);
  assert.equal(queen.registry.tally.readers, 0);
});
