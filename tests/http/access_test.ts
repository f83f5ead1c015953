import assert from "node:assert/strict";
import { v7 } from "uuid";
import type { Access } from "../../src/http/access.ts";
import { createApp } from "../../src/http/app.ts";
import { type Caller, callerOf } from "../../src/http/caller.ts";
import { HealthState } from "../../src/http/health.ts";
import type { RouteDescription } from "../../src/http/route_description.ts";

const ROUTES: readonly RouteDescription[] = [
  { method: "get", path: "/v1/honey", tag: "", summary: "", answers: {}, access: "infer" },
  { method: "get", path: "/v1/honey/{id}", tag: "", summary: "", answers: {}, access: "infer" },
  { method: "get", path: "/v1/wax", tag: "", summary: "", answers: {} },
];

function app(access?: Access) {
  const health = new HealthState("hive", v7());
  health.status = "ok";
  let shutdowns = 0;
  let caller: Caller | undefined;
  const made = createApp({
    health,
    access,
    describedRoutes: ROUTES,
    requestShutdown: () => shutdowns++,
  });
  made.all("/v1/*", (c) => {
    caller = callerOf(c);
    return c.text("buzz");
  });
  return {
    shutdowns: () => shutdowns,
    /** Who sent the request that was answered last. */
    caller: () => caller,
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

const OWN: Access = { required: true, token: "secret" };
const TOKENS = {
  find(shown: string) {
    if (shown === "rbee_queen") return { id: "token-1", role: "admin" as const };
    return shown === "rbee_worker" ? { id: "token-2", role: "infer" as const } : undefined;
  },
};

Deno.test("a role that requires a token answers who shows its own, and tells everybody its health", async () => {
  const { request, shutdowns, caller } = app(OWN);
  assert.equal((await request("GET", "/health")).status, 200);
  assert.equal((await request("POST", "/v1/shutdown", "Bearer secret")).status, 202);
  assert.equal((await request("POST", "/v1/shutdown", "bearer  secret")).status, 202);
  assert.equal((await request("GET", "/nothing", "Bearer secret")).status, 404);
  assert.equal(shutdowns(), 2);
  assert.equal((await request("GET", "/v1/wax", "Bearer secret")).status, 200);
  assert.deepEqual(caller(), { role: "admin" });
});

for (
  const shown of [
    undefined,
    "",
    "secret",
    "Bearer",
    "Bearer Secret",
    "Bearer secret2",
    "Bearer rbee_secret",
    "Basic secret",
  ]
) {
  for (const tokens of [undefined, TOKENS]) {
    const title = `${JSON.stringify(shown) ?? "none"}${
      tokens === undefined ? "" : ", with others"
    }`;
    Deno.test(`a role that requires a token refuses ${title}`, async () => {
      const { request, shutdowns } = app({ ...OWN, tokens });
      for (const [method, path] of [["POST", "/v1/shutdown"], ["GET", "/nothing"]] as const) {
        const answer = await request(method, path, shown);
        assert.equal(answer.status, 401);
        assert.equal(answer.headers.get("www-authenticate"), "Bearer");
        const { error } = await answer.json();
        assert.deepEqual([error.code, error.type], ["unauthorized", "authentication_error"]);
        assert.match(error.message, /rbee token create/);
        assert.doesNotMatch(error.message, /secret/i);
      }
      assert.equal(shutdowns(), 0);
    });
  }
}

Deno.test("a role that asks nobody answers everybody, as the person of its machine", async () => {
  for (const access of [undefined, { required: false }, { required: false, tokens: TOKENS }]) {
    const { request, caller } = app(access);
    for (const shown of [undefined, "Bearer unused", "Bearer sk-1234"]) {
      assert.equal((await request("POST", "/v1/wax", shown)).status, 200);
      assert.deepEqual(caller(), { role: "admin" });
    }
  }
});

Deno.test("a token that is known is who shows it, whether or not one is required", async () => {
  for (const required of [true, false]) {
    const { request, caller } = app({ required, tokens: TOKENS });
    assert.equal((await request("GET", "/v1/wax", "Bearer rbee_queen")).status, 200);
    assert.deepEqual(caller(), { role: "admin", tokenId: "token-1" });
    assert.equal((await request("GET", "/v1/honey", "Bearer rbee_worker")).status, 200);
    assert.deepEqual(caller(), { role: "infer", tokenId: "token-2" });
  }
});

Deno.test("a token of ours that is not known is refused also where none is required", async () => {
  const { request } = app({ required: false, tokens: TOKENS });
  assert.equal((await request("GET", "/v1/honey", "Bearer rbee_revoked")).status, 401);
});

for (
  const [method, path] of [
    ["GET", "/v1/wax"],
    ["POST", "/v1/honey"],
    ["DELETE", "/v1/honey/1"],
    ["OPTIONS", "/v1/honey"],
    ["GET", "/v1/honey/"],
    ["GET", "/v1/honey/1/2"],
    ["GET", "/v1/honey/1%2f2/3"],
    ["GET", "/v1/honeys"],
    ["GET", "/v1/described/by/nobody"],
    ["POST", "/v1/shutdown"],
    ["GET", "/nothing"],
  ] as const
) {
  Deno.test(`a token of the role infer may not use ${method} ${path}`, async () => {
    const { request, shutdowns, caller } = app({ required: true, tokens: TOKENS });
    const answer = await request(method, path, "Bearer rbee_worker");
    assert.equal(answer.status, 403);
    const { error } = await answer.json();
    assert.deepEqual([error.code, error.type], ["forbidden", "permission_error"]);
    assert.deepEqual([caller(), shutdowns()], [undefined, 0]);
  });
}

for (
  const [method, path] of [["GET", "/v1/honey"], ["HEAD", "/v1/honey"], ["GET", "/v1/honey/1"]]
) {
  Deno.test(`a token of the role infer may use ${method} ${path}, which says so`, async () => {
    const { request } = app({ required: true, tokens: TOKENS });
    assert.equal((await request(method!, path!, "Bearer rbee_worker")).status, 200);
  });
}
