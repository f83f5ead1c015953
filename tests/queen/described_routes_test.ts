import type { Hono } from "hono";
import assert from "node:assert/strict";
import type { JsonSchema } from "../../src/contracts/tool.ts";
import { JobFeed } from "../../src/jobs/job_feed.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { TelemetryFeed } from "../../src/jobs/telemetry_feed.ts";
import { QUEEN_ROUTES } from "../../src/queen/described_routes.ts";
import { queenOperations } from "../../src/queen/dispatch.ts";
import { hiveRegistryOperations } from "../../src/queen/hive_registry.ts";
import { addQueenRoutes } from "../../src/queen/queen_routes.ts";
import { PageFiles } from "../../src/queen/page_files.ts";
import { pageRoutes } from "../../src/queen/page_routes.ts";
import { RequestSlots } from "../../src/queen/request_slots.ts";
import { roleRoutes, validDocument } from "../helpers/role_document.ts";
import { TestQueen } from "../helpers/test_queen.ts";

/** A server with the queen's routes, and its app, over the hives of a queen that runs. */
function serveQueen(queen: TestQueen) {
  const feed = new TelemetryFeed({ snapshot: () => ({}) });
  const handlers = {
    ...queenOperations(queen.hives, new RequestSlots({ max_requests: 1, max_queue: 1 })),
    ...hiveRegistryOperations(queen.hives, queen.paths),
  };
  let app: Hono | undefined;
  let jobFeed: JobFeed | undefined;
  const server = startRoleServer({
    role: "queen",
    host: "127.0.0.1",
    port: 0,
    handlers,
    routes(given, jobs) {
      app = given;
      jobFeed = new JobFeed(jobs.registry);
      addQueenRoutes(given, queen.hives, { feed, history: queen.history, jobFeed, jobs });
      given.route("/", pageRoutes(new PageFiles({ cache: queen.paths.cache })));
    },
    describedRoutes: QUEEN_ROUTES,
  });
  return {
    url: server.url,
    app: app!,
    handlers,
    async [Symbol.asyncDispose]() {
      feed.close();
      jobFeed?.close();
      await server.close();
    },
  };
}

Deno.test("the queen's document describes every route that she has, and no other", async () => {
  await using queen = await TestQueen.start();
  await using served = serveQueen(queen);
  const { registered, described } = roleRoutes(served.app, await validDocument(served.url));
  assert.deepEqual(described, registered);
  assert.ok(registered.includes("POST /v1/chat/completions"));
});

Deno.test("the queen's document has the fields of every operation that she takes", async () => {
  await using queen = await TestQueen.start();
  await using served = serveQueen(queen);
  const { paths, components } = await validDocument(served.url);
  const body = paths["/v1/jobs"]?.["post"]?.requestBody?.content["application/json"]?.schema;
  const taken = (body?.["oneOf"] as { $ref: string }[]).map(({ $ref }) => {
    const schema = components.schemas[$ref.split("/").at(-1)!]!;
    const properties = schema["properties"] as Record<string, JsonSchema>;
    assert.ok("job_id" in properties && "unwatched_limit_ms" in properties, $ref);
    return properties["operation"]?.["const"];
  });
  assert.deepEqual(taken, Object.keys(served.handlers));
  const { required } = components.schemas["InferOperation"]!;
  assert.deepEqual(required, ["operation", "model"], "what has a default may be left out");
});

Deno.test("the queen's page shows every route, and loads nothing", async () => {
  await using queen = await TestQueen.start();
  await using served = serveQueen(queen);
  const response = await fetch(`${served.url}/docs`);
  const page = await response.text();
  assert.equal(response.headers.get("content-type"), "text/html; charset=UTF-8");
  assert.match(response.headers.get("content-security-policy") ?? "", /^default-src 'none'/);
  for (const path of Object.keys((await validDocument(served.url)).paths)) {
    assert.ok(page.includes(` ${path}</code>`), path);
  }
  assert.doesNotMatch(page, /<script|<link|<img|src=|@import|url\(|https?:\/\//);
  const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
  assert.ok(links.length > 20);
  for (const id of links) assert.ok(page.includes(`id="${id}"`), `#${id} leads nowhere`);
});
