import assert from "node:assert/strict";
import { createApp } from "../../src/http/app.ts";
import { HealthState } from "../../src/http/health.ts";
import { v7 } from "uuid";

function app(token?: string) {
  const health = new HealthState("hive", v7());
  health.status = "ok";
  let shutdowns = 0;
  const made = createApp({ health, token, requestShutdown: () => shutdowns++ });
  return {
    shutdowns: () => shutdowns,
    request: (method: string, path: string, authorization?: string) =>
      made.request(path, {
        method,
        headers: {
          Host: "127.0.0.1",
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
      }),
  };
}

Deno.test("a role that has a token answers who shows it, and tells everybody its health", async () => {
  const { request, shutdowns } = app("secret");
  assert.equal((await request("GET", "/health")).status, 200);
  assert.equal((await request("POST", "/v1/shutdown", "Bearer secret")).status, 202);
  assert.equal((await request("POST", "/v1/shutdown", "bearer  secret")).status, 202);
  assert.equal((await request("GET", "/nothing", "Bearer secret")).status, 404);
  assert.equal(shutdowns(), 2);
});

for (
  const shown of [
    undefined,
    "",
    "secret",
    "Bearer",
    "Bearer Secret",
    "Bearer secret2",
    "Basic secret",
  ]
) {
  Deno.test(`a role that has a token refuses ${JSON.stringify(shown) ?? "none"}`, async () => {
    const { request, shutdowns } = app("secret");
    for (const [method, path] of [["POST", "/v1/shutdown"], ["GET", "/nothing"]] as const) {
      const answer = await request(method, path, shown);
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get("www-authenticate"), "Bearer");
      const { error } = await answer.json();
      assert.equal(error.code, "unauthorized");
      assert.doesNotMatch(error.message, /secret/);
    }
    assert.equal(shutdowns(), 0);
  });
}

Deno.test("a role without a token answers everybody", async () => {
  assert.equal((await app().request("POST", "/v1/shutdown")).status, 202);
});
