import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { healthSchema } from "../../src/contracts/health.ts";
import { createApp } from "../../src/http/app.ts";
import { HealthState } from "../../src/http/health.ts";
import { INSTANCE, testApp } from "../helpers/test_role.ts";

for (
  const [status, code] of [["starting", 503], ["ok", 200], ["stopping", 503]] as const
) {
  Deno.test(`GET /health is ${code} while the role is ${status}`, async () => {
    await using role = testApp();
    role.health.status = status;
    const response = await role.get("/health");
    assert.equal(response.status, code);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const body = await response.json();
    assert.deepEqual(Object.keys(body), ["status", "role", "version", "instance", "uptime_ms"]);
    const health = healthSchema.parse(body);
    assert.equal(health.status, status);
    assert.equal(health.role, "hive");
    assert.equal(health.instance, INSTANCE);
    assert.match(health.version, /^\d+\.\d+\.\d+/);
  });
}

Deno.test("GET /health is starting before the role has said anything", async () => {
  await using role = testApp();
  assert.equal((await role.get("/health")).status, 503);
});

Deno.test("POST /v1/shutdown answers 202 and asks for the shutdown once a request", async () => {
  await using role = testApp();
  const response = await role.app.request("/v1/shutdown", { method: "POST" });
  assert.equal(response.status, 202);
  assert.deepEqual(await response.json(), { status: "stopping" });
  assert.equal(role.shutdowns(), 1);
});

Deno.test("POST /v1/shutdown from a page of another site is refused", async () => {
  await using role = testApp();
  const response = await role.app.request("/v1/shutdown", {
    method: "POST",
    headers: { Origin: "https://evil.example" },
  });
  assert.equal(response.status, 403);
  assert.equal(role.shutdowns(), 0);
});

Deno.test("createApp() answers unknown paths with the one form of errors", async () => {
  await using role = testApp();
  const response = await role.get("/v1/nowhere?x=1");
  assert.equal(response.status, 404);
  assert.deepEqual(await response.json(), {
    error: {
      code: "not_found",
      message: "There is no GET /v1/nowhere here",
      type: "invalid_request_error",
    },
  });
});

function appThatThrows(thrown: Error) {
  const app = createApp({ health: new HealthState("queen", INSTANCE), requestShutdown: () => {} });
  app.get("/v1/throws", () => {
    throw thrown;
  });
  return app;
}

Deno.test("createApp() answers what a route throws with its code and status", async () => {
  const app = appThatThrows(
    new RbeeError("worker_gone", "The worker ended", { details: { status: 137 } }),
  );
  const response = await app.request("/v1/throws");
  assert.equal(response.status, 502);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.deepEqual(await response.json(), {
    error: {
      code: "worker_gone",
      message: "The worker ended",
      type: "server_error",
      details: { status: 137 },
    },
  });
});

Deno.test("createApp() answers a defect with 500 and without its stack", async () => {
  const response = await appThatThrows(new TypeError("x is undefined")).request("/v1/throws");
  assert.equal(response.status, 500);
  const text = await response.text();
  assert.equal(JSON.parse(text).error.code, "internal");
  assert.doesNotMatch(text, /\.ts:\d/);
});
