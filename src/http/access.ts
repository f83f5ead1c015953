import type { MiddlewareHandler } from "hono";
import { createHash, timingSafeEqual } from "node:crypto";
import { RbeeError } from "../base/rbee_error.ts";
import { type AccessToken, TOKEN_PREFIX } from "../contracts/access_token.ts";
import { routesWith } from "./access_routes.ts";
import { type Caller, LOCAL_PERSON } from "./caller.ts";
import { wayOf } from "./limit_requests.ts";
import type { RequestLimits } from "./request_limits.ts";
import type { RouteDescription } from "./route_description.ts";
import { unauthorized } from "./unauthorized.ts";

/** Whom a role answers. */
export interface Access {
  /** Whether who shows no token is refused, but where a route is open to everybody. */
  required: boolean;
  /** A token of the role itself, for the person of its machine or for its queen. */
  token?: string | undefined;
  /** The tokens that were made for others; undefined where there can be none. */
  tokens?: TokenBook | undefined;
}

/** The tokens that were made for others. */
export interface TokenBook {
  /** The one that is shown; undefined when there is none such, or none such any more. */
  find(shown: string): Pick<AccessToken, "id" | "role"> & { name?: string } | undefined;
  /** Has `listener` called once when there is no token of that id any more; what it returns ends that. */
  onRevoked?(id: string, listener: () => void): () => void;
  /** Whether there is a token of that id now. */
  has?(id: string): boolean;
}

const BEARER = /^Bearer +(\S+)$/i;

/**
 * Refuses who shows no token where one is required, and who shows one of ours that is not known (any
 * more), with 401 `unauthorized`; who may not use the route with 403 `forbidden`. Others go on, and
 * `callerOf()` tells who they are. For an open route no token is looked at. How long a comparison takes
 * tells nothing of a token. See RFC 6750.
 *
 * @param routes The routes of the role, which say what is open, and what a token of the role `infer` may use.
 * @param limits What tokens may do in a second; a request past it is refused before it is looked at.
 */
export function checkAccess(
  access: Access,
  routes: readonly RouteDescription[],
  limits?: RequestLimits,
): MiddlewareHandler {
  const isForInfer = routesWith("infer", routes);
  const isOpen = routesWith("open", routes);
  const own = access.token === undefined ? undefined : digest(access.token);
  const whoShows = (shown: string | undefined): Caller | undefined => {
    if (shown === undefined) return access.required ? undefined : LOCAL_PERSON;
    if (own !== undefined && timingSafeEqual(digest(shown), own)) return LOCAL_PERSON;
    // Also where none is required: who had a token of the role infer must not have more without it.
    if (access.tokens !== undefined && shown.startsWith(TOKEN_PREFIX)) {
      const { tokens } = access;
      const token = tokens.find(shown);
      if (token === undefined) return undefined;
      const { id, role, name } = token;
      return {
        role,
        tokenId: id,
        ...(name !== undefined && { tokenName: name }),
        ...(tokens.has && { isKnown: () => tokens.has!(id) }),
        ...(tokens.onRevoked && { onRevoked: (listener) => tokens.onRevoked!(id, listener) }),
      };
    }
    return access.required ? undefined : LOCAL_PERSON;
  };
  return async (c, next) => {
    if (isOpen(c.req.method, c.req.path)) return await next();
    const shown = BEARER.exec(c.req.header("authorization") ?? "")?.[1];
    const caller = whoShows(shown);
    if (caller === undefined) {
      c.header("WWW-Authenticate", "Bearer");
      throw shown === undefined ? NO_TOKEN : WRONG_TOKEN;
    }
    c.set("caller", caller);
    const refused = limits?.countRequest(caller, wayOf(c)?.sent);
    if (refused !== undefined) await refused;
    if (caller.role === "infer" && !isForInfer(c.req.method, c.req.path)) {
      throw new RbeeError(
        "forbidden",
        `A token of the role infer may not use ${c.req.method} ${
          c.req.path.slice(0, 200)
        }; ask with one that rbee token create --role admin has made`,
      );
    }
    await next();
  };
}

// Made once: to make an error, with the way that led to it, costs more than all else of a refusal.
const NO_TOKEN = unauthorized(false);
const WRONG_TOKEN = unauthorized(true);

// Of one length, whatever was sent.
function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
