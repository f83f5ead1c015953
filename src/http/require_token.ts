import type { MiddlewareHandler } from "hono";
import { createHash, timingSafeEqual } from "node:crypto";
import { RbeeError } from "../base/rbee_error.ts";
import { errorResponse } from "./errors.ts";

const BEARER = /^Bearer +(\S+)$/i;

/**
 * Refuses requests that do not show the token, with 401 `unauthorized`; `GET /health` alone needs none.
 * How long the comparison takes tells nothing of the token. See RFC 6750.
 */
export function requireToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (c, next) => {
    if (c.req.path === "/health") return await next();
    const shown = BEARER.exec(c.req.header("authorization") ?? "")?.[1];
    if (shown !== undefined && timingSafeEqual(digest(shown), expected)) return await next();
    const sentence = shown === undefined
      ? "This needs a token, which the request does not show"
      : "The token that the request shows is not the one that this needs";
    const answer = errorResponse(c, new RbeeError("unauthorized", sentence));
    answer.headers.set("WWW-Authenticate", "Bearer");
    return answer;
  };
}

// Of one length, whatever was sent.
function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
