import { within } from "../base/delay.ts";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { errorBody, statusOf } from "./errors.ts";

/** A server that accepts connections. */
export interface Listener {
  /** `http://HOST:PORT` (or `https`), with the port that was really bound. */
  readonly url: string;
  readonly port: number;
  /**
   * Refuses what is new, waits up to `drainMs` (default 2,000) for open answers, then cuts them off.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

/** The way of one answer to who asked; Hono's routes have it as `c.env`. */
export interface AnswerWay {
  /** Settles when the answer has been sent whole, or who asked has gone before that. Never rejects. */
  sent: Promise<void>;
  /** The address of who asked; of a reverse proxy, where there is one. Not known any more when it is sent. */
  readonly peer?: string;
}

/** Where to listen. Port 0 lets the system choose. */
export interface ListenOptions {
  host: string;
  port: number;
  handler: (request: Request, way: AnswerWay) => Response | Promise<Response>;
}

/**
 * Starts to accept connections, by Deno's own server, which bounds neither their number nor the size and
 * time of headers: for loopback. For what others can reach there is `NetworkListener`.
 *
 * @throws {RbeeError} `port_in_use` If another program has the port.
 * @throws {RbeeError} `cannot_listen` If the address is not this machine's or not permitted.
 */
export function listen(options: ListenOptions): Listener {
  const { host, port, handler } = options;
  const cut = new AbortController();
  const open = new Set<Promise<void>>();
  let closing = false;
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { hostname: host, port, signal: cut.signal, onListen: () => {} },
      (request, info) => {
        if (closing) return refusal();
        const done = () => void open.delete(sent);
        const sent: Promise<void> = info.completed.then(done, done);
        open.add(sent);
        return handler(request, {
          sent,
          // Few ask for it, and to know it costs a call.
          get peer() {
            return info.remoteAddr.hostname;
          },
        });
      },
    );
  } catch (error) {
    throw listenFailure(error, { host, port });
  }
  const bound = server.addr.port;
  return {
    url: urlOf(host, bound),
    port: bound,
    async close({ drainMs = 2000 } = {}) {
      closing = true;
      const drained = await within(Promise.all(open).then(() => true), drainMs);
      // Not both: a server that has begun to shut down can no longer be cut.
      if (!drained) {
        cut.abort();
        await server.finished;
        return;
      }
      // It waits for a connection whose request was answered before its body had come whole, and that may
      // be for ever. Nobody is owed anything any more.
      await within(server.shutdown(), drainMs);
    },
  };
}

/** Why a listener cannot listen, in words for who chose its address. */
export function listenFailure(
  error: unknown,
  { host, port }: Pick<ListenOptions, "host" | "port">,
): RbeeError {
  const isNodes = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  if (isNodes || error instanceof Deno.errors.AddrInUse) {
    return new RbeeError(
      "port_in_use",
      `Port ${port} on ${host} is taken by another program; stop it, or choose another port (0 for any free one)`,
      { details: { port } },
    );
  }
  return new RbeeError("cannot_listen", `Cannot listen on ${host}:${port}: ${messageOf(error)}`, {
    cause: error,
  });
}

/**
 * Where a listener can be reached.
 *
 * @param names What its certificate is for, where it has one: a host that is not among them gives way to
 * the first, since clients would not trust it by its own.
 */
export function urlOf(host: string, port: number, names?: readonly string[]): string {
  if (names !== undefined) {
    const exact = names.filter((name) => !name.startsWith("*."));
    const name = exact.includes(host) ? host : exact[0] ?? host;
    return `https://${inUrl(name)}:${port}`;
  }
  return `http://${host === "0.0.0.0" ? "127.0.0.1" : inUrl(host)}:${port}`;
}

function inUrl(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** What a request is answered while a role does not answer. */
export function refusal(): Response {
  const error = new RbeeError("shutting_down", "This role is stopping and answers no more");
  return Response.json(errorBody(error), {
    status: statusOf(error),
    headers: { "Connection": "close" },
  });
}
