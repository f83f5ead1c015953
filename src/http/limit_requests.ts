import type { Context, MiddlewareHandler } from "hono";
import { isLoopbackHost } from "../base/loopback.ts";
import { toRbeeError } from "../base/rbee_error.ts";
import { routesWith } from "./access_routes.ts";
import { callerOf } from "./caller.ts";
import { errorResponse } from "./errors.ts";
import type { AnswerWay } from "./listen.ts";
import { peerOf } from "./peer_rates.ts";
import type { RequestLimits } from "./request_limits.ts";
import type { RouteDescription } from "./route_description.ts";

declare module "hono" {
  interface ContextVariableMap {
    limits: RequestLimits;
    streamIsCounted: boolean;
  }
}

/**
 * Counts what is refused, and refuses anew, with 429 `rate_limit_exceeded`, what an address sends too
 * often without a token that is known, and what it asks too often of routes that need none. The first
 * of all rules, since it sees what the others answer.
 *
 * @param routes The routes of the role, which say what is open.
 */
export function limitRequests(
  limits: RequestLimits,
  routes: readonly RouteDescription[],
): MiddlewareHandler {
  const isOpen = routesWith("open", routes);
  return async (c, next) => {
    c.set("limits", limits);
    // Before it is needed: it is not known any more when who asked has gone.
    const way = wayOf(c);
    // This machine's own ask at every start, and to answer costs less than to hold back.
    if (isOpen(c.req.method, c.req.path) && !isLoopbackHost(way?.peer ?? "127.0.0.1")) {
      const error = await limits.countOpen(peerOf(way?.peer ?? ""), way?.sent);
      if (error !== undefined) {
        limits.refusals.note(error.code);
        return errorResponse(c, error);
      }
    }
    await next();
    if (c.error === undefined) return undefined;
    const refusal = isForStranger(c)
      ? await limits.countRefusal(peerOf(way?.peer ?? ""), way?.sent)
      : undefined;
    limits.refusals.note((refusal ?? toRbeeError(c.error)).code);
    if (refusal === undefined) return undefined;
    // What has been answered so far would lend it its headers.
    c.res = undefined;
    const answer = errorResponse(c, refusal);
    answer.headers.delete("WWW-Authenticate");
    c.res = answer;
    return undefined;
  };
}

/**
 * Counts the answer to a request as an open event stream of its token, until it has been sent or who
 * asked has gone. To be called before there is anything to stream; a second call changes nothing.
 *
 * @throws {RbeeError} `too_many_streams` If the token has as many as it may have.
 */
export function countStream(c: Context): void {
  const limits = c.get("limits");
  const sent = wayOf(c)?.sent;
  if (limits === undefined || sent === undefined || c.get("streamIsCounted")) return;
  limits.openStream(callerOf(c), sent);
  c.set("streamIsCounted", true);
}

/** The way of the answer; undefined where the request came over no connection. */
export function wayOf(c: Context): Partial<AnswerWay> | undefined {
  return c.env as Partial<AnswerWay> | undefined;
}

function isForStranger(c: Context): boolean {
  return c.get("caller") === undefined && (c.res.status === 401 || c.res.status === 403);
}
