import type { Hono } from "hono";
import assert from "node:assert/strict";
import { HIVE_ROUTES } from "../../src/hive/described_routes.ts";
import { hiveOperations } from "../../src/hive/hive_operations.ts";
import { addHiveRoutes } from "../../src/hive/hive_routes.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { roleRoutes, validDocument } from "../helpers/role_document.ts";
import { TestHive } from "../helpers/test_hive.ts";

Deno.test("a hive's document describes every route that it has, and no other", async () => {
  await using hive = new TestHive();
  let app: Hono | undefined;
  const server = startRoleServer({
    role: "hive",
    host: "127.0.0.1",
    port: 0,
    handlers: hiveOperations({
      name: "local",
      workers: hive.workers,
      models: hive.models,
      devices: () => Promise.resolve([]),
    }),
    routes(given) {
      app = given;
      addHiveRoutes(given, hive);
    },
    describedRoutes: HIVE_ROUTES,
  });
  try {
    const { registered, described } = roleRoutes(app!, await validDocument(server.url));
    assert.deepEqual(described, registered);
    assert.ok(registered.includes("PATCH /v1/workers/{id}/proxy/{path}"));
  } finally {
    await server.close();
  }
});
