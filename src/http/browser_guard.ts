import type { MiddlewareHandler } from "hono";
import { RbeeError } from "../base/rbee_error.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/**
 * Refuses what a web page of another site could send through a person's browser.
 *
 * `Host` must be a loopback name or one of `names`, so that a foreign name that resolves to this
 * machine (DNS rebinding) is refused. `Origin`, when sent, must be that very host and port, so that
 * no page of another site, nor of another local server, is answered.
 */
export function browserGuard(options: { names?: readonly string[] } = {}): MiddlewareHandler {
  const names = new Set((options.names ?? []).map(asHostName));
  return async (c, next) => {
    const host = (c.req.header("host") ?? new URL(c.req.url).host).toLowerCase();
    const name = host.replace(/:\d+$/, "");
    if (!LOOPBACK.test(name) && !names.has(name)) {
      throw new RbeeError(
        "forbidden_host",
        `The host name "${host.slice(0, 100)}" is not one of this role's; use 127.0.0.1`,
      );
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && !isOwnOrigin(origin, host)) {
      throw new RbeeError(
        "forbidden_origin",
        `Requests from "${
          origin.slice(0, 100)
        }" are refused: only pages of this role itself may send them`,
      );
    }
    await next();
  };
}

/** As it stands in `Host`: in lower case, an IPv6 address in brackets. */
function asHostName(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes(":") && !lower.startsWith("[") ? `[${lower}]` : lower;
}

function isOwnOrigin(origin: string, host: string): boolean {
  try {
    const url = new URL(origin);
    return (url.protocol === "http:" || url.protocol === "https:") &&
      withPort(url.host, url.protocol) === withPort(host, url.protocol);
  } catch {
    return false;
  }
}

function withPort(host: string, protocol: string): string {
  return /:\d+$/.test(host) ? host : `${host}:${protocol === "https:" ? 443 : 80}`;
}
