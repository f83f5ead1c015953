import { Hono } from "hono";
import { RbeeError } from "../base/rbee_error.ts";
import { browserGuard } from "./browser_guard.ts";
import { errorResponse } from "./errors.ts";
import type { HealthState } from "./health.ts";
import { limitBody } from "./json_body.ts";
import { requireToken } from "./require_token.ts";

/** What every role's routes stand on. */
export interface AppOptions {
  health: HealthState;
  /** Host names beside the loopback ones. */
  names?: readonly string[];
  /** What requests must show. Default: nothing. */
  token?: string | undefined;
  /** Starts the shutdown of the role; returns at once. */
  requestShutdown(): void;
}

/**
 * The routes and rules that all roles share: `GET /health`, `POST /v1/shutdown`, refusal of foreign
 * hosts and origins and of who does not show the token, the limit of bodies, and one form for errors and unknown paths.
 */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  app.onError((error, c) => errorResponse(c, error));
  app.notFound((c) =>
    errorResponse(
      c,
      new RbeeError("not_found", `There is no ${c.req.method} ${c.req.path.slice(0, 200)} here`),
    )
  );
  app.use(browserGuard(options.names === undefined ? {} : { names: options.names }));
  if (options.token !== undefined) app.use(requireToken(options.token));
  app.get("/health", (c) => {
    const view = options.health.view();
    return c.json(view, view.status === "ok" ? 200 : 503, { "Cache-Control": "no-store" });
  });
  app.use("/v1/*", limitBody());
  app.post("/v1/shutdown", (c) => {
    options.requestShutdown();
    return c.json({ status: "stopping" }, 202);
  });
  return app;
}
