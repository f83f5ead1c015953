import type { Hono } from "hono";
import type { Hives } from "./hives.ts";

/** Adds what only the queen has: what she knows of her hives. */
export function addQueenRoutes(app: Hono, hives: Hives): void {
  app.get("/v1/hives", async (c) => c.json({ hives: await hives.list() }));
  app.get("/v1/workers", async (c) => c.json({ workers: await hives.workers() }));
}
