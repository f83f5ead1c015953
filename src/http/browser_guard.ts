import type { MiddlewareHandler } from "hono";
import { isLoopbackHost } from "../base/loopback.ts";
import { RbeeError } from "../base/rbee_error.ts";

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i;

/**
 * Refuses what a web page of another site could send through a person's browser.
 *
 * `Host` must be a loopback name or one of `names` (`*.lan` is each of `NAME.lan`), so that a foreign name that resolves to this
 * machine (DNS rebinding) is refused. `Origin`, when sent, must be that very host and port, so that
 * no page of another site, nor of another local server, is answered.
 *
 * @param options.names Asked at each request.
 * @param options.anyAddress Whether `Host` may also be any address in numbers, for a role that listens on
 * all of its machine's: what a foreign name resolves to is still asked for by that name.
 */
export function browserGuard(
  options: { names?: () => readonly string[]; anyAddress?: boolean } = {},
): MiddlewareHandler {
  const { names = () => [] } = options;
  return async (c, next) => {
    const host = (c.req.header("host") ?? new URL(c.req.url).host).toLowerCase();
    const name = host.replace(/:\d+$/, "");
    const isOwn = isLoopbackHost(name) || names().some((each) => covers(asHostName(each), name)) ||
      (options.anyAddress === true && ADDRESS.test(name));
    if (!isOwn) {
      throw new RbeeError(
        "forbidden_host",
        `The host name "${
          host.slice(0, 100)
        }" is not one of this role's; use 127.0.0.1, or put it into names of queen or hive in rbee.yaml`,
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

/** `*.` stands for one label, as in certificates. See RFC 6125, section 6.4.3. */
function covers(known: string, name: string): boolean {
  if (!known.startsWith("*.")) return known === name;
  const dot = name.indexOf(".");
  return dot > 0 && name.slice(dot) === known.slice(1);
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
