import type { Hono } from "hono";
import type { Role } from "../contracts/identifiers.ts";
import { openApiDocument } from "./openapi_document.ts";
import { openApiPage, PAGE_POLICY } from "./openapi_page.ts";
import type { RouteDescription } from "./route_description.ts";

/**
 * Adds `GET /openapi.json` and `GET /docs`, the same for people. Both are made when they are first asked
 * for, from what describes the role's routes.
 */
export function addDocumentRoutes(
  app: Hono,
  options: { role: Role; routes: readonly RouteDescription[] },
): void {
  let made: ReturnType<typeof openApiDocument> | undefined;
  const document = () => made ??= openApiDocument(options.role, options.routes);

  app.get("/openapi.json", (c) => c.json(document()));

  app.get("/docs", async (c) =>
    c.html(await openApiPage(document()), 200, {
      "Content-Security-Policy": PAGE_POLICY,
      "X-Content-Type-Options": "nosniff",
    }));
}
