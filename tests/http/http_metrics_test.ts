import assert from "node:assert/strict";
import { createApp } from "../../src/http/app.ts";
import { HealthState } from "../../src/http/health.ts";
import { RoleMetrics } from "../../src/metrics/role_metrics.ts";
import { RefusalCount } from "../../src/http/refusal_count.ts";
import { countRequests } from "../../src/http/http_metrics.ts";
import { Hono } from "hono";

function appWith(metrics: RoleMetrics): Hono {
  const app = createApp({
    health: new HealthState("queen", "x"),
    metrics,
    requestShutdown: () => {},
  });
  app.get("/v1/jobs/:id", (c) => c.text("a job"));
  app.get("/v1/broken", () => {
    throw new Error("broken");
  });
  app.all("/v1/workers/:id/proxy/*", (c) => c.text("passed on"));
  return app;
}

async function counted(metrics: RoleMetrics): Promise<string[]> {
  return ((await metrics.text()).match(/^rbee_http_requests_total.*/gm) ?? [])
    .map((line) => line.replace(/,role="queen"/, "").replace(/^[^{]*/, ""));
}

Deno.test("requests are counted by method, route and status, never by the path that was asked for", async () => {
  using metrics = new RoleMetrics("queen");
  const app = appWith(metrics);
  for (const id of ["1", "2", "3"]) await app.request(`http://127.0.0.1/v1/jobs/${id}`);
  await app.request("http://127.0.0.1/v1/workers/w/proxy/any/path", { method: "POST" });
  await app.request("http://127.0.0.1/v1/broken");
  for (const path of ["/v1/none", "/none", "/v1/jobs/1/2/3"]) {
    await app.request(`http://127.0.0.1${path}`);
  }
  await app.request("http://127.0.0.1/none", { method: "BREW" });
  await app.request("http://evil.example/v1/jobs/1");
  assert.deepEqual(await counted(metrics), [
    '{method="GET",route="/v1/jobs/:id",status="200"} 3',
    '{method="POST",route="/v1/workers/:id/proxy/*",status="200"} 1',
    '{method="GET",route="/v1/broken",status="500"} 1',
    '{method="GET",route="none",status="404"} 3',
    '{method="other",route="none",status="404"} 1',
    '{method="GET",route="/v1/jobs/:id",status="403"} 1',
  ]);
});

Deno.test("GET /metrics answers in Prometheus's text format and counts itself the next time", async () => {
  using metrics = new RoleMetrics("queen");
  const app = appWith(metrics);
  const answer = await app.request("http://127.0.0.1/metrics");
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.match(await answer.text(), /^rbee_http_requests_open\{role="queen"\} 1$/m);
  assert.deepEqual(await counted(metrics), ['{method="GET",route="/metrics",status="200"} 1']);
  assert.match(await metrics.text(), /^rbee_http_requests_open\{role="queen"\} 0$/m);
});

Deno.test("a role without figures has no /metrics", async () => {
  const app = createApp({ health: new HealthState("queen", "x"), requestShutdown: () => {} });
  assert.equal((await app.request("http://127.0.0.1/metrics")).status, 404);
});

Deno.test("refusals are told by the codes of their errors", async () => {
  using metrics = new RoleMetrics("queen");
  using refusals = new RefusalCount();
  countRequests(metrics, refusals);
  refusals.note("unauthorized");
  refusals.note("unauthorized");
  assert.match(
    await metrics.text(),
    /^rbee_refusals_total\{code="unauthorized",role="queen"\} 2$/m,
  );
});
