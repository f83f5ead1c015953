import { within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { errorBody, statusOf } from "./errors.ts";

/** A server that accepts connections. */
export interface Listener {
  /** `http://HOST:PORT`, with the port that was really bound. */
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
}

/** Where to listen. Port 0 lets the system choose. */
export interface ListenOptions {
  host: string;
  port: number;
  handler: (request: Request, way: AnswerWay) => Response | Promise<Response>;
}

/**
 * Starts to accept connections.
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
      (request, { completed }) => {
        if (closing) return refusal();
        const done = () => void open.delete(sent);
        const sent: Promise<void> = completed.then(done, done);
        open.add(sent);
        return handler(request, { sent });
      },
    );
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new RbeeError(
        "port_in_use",
        `Port ${port} on ${host} is taken by another program; stop it, or choose another port (0 for any free one)`,
        { details: { port } },
      );
    }
    throw new RbeeError(
      "cannot_listen",
      `Cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  }
  const bound = server.addr.port;
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${name === "0.0.0.0" ? "127.0.0.1" : name}:${bound}`,
    port: bound,
    async close({ drainMs = 2000 } = {}) {
      closing = true;
      const drained = await within(Promise.all(open).then(() => true), drainMs);
      // Not both: a server that has begun to shut down can no longer be cut.
      if (drained) await server.shutdown();
      else cut.abort();
      await server.finished;
    },
  };
}

function refusal(): Response {
  const error = new RbeeError("shutting_down", "This role is stopping and answers no more");
  return Response.json(errorBody(error), {
    status: statusOf(error),
    headers: { "Connection": "close" },
  });
}
