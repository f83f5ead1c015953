/** A stretch of network between a client and a role, which a test can break. */
export interface CuttableProxy extends AsyncDisposable {
  url: string;
  /** How many connections it has accepted. */
  accepted(): number;
  /** Each further connection is cut after so many bytes of answer, in this order; then none is. */
  cutAfter(bytes: number[]): void;
  /** Cuts every open connection now. */
  cut(): void;
  /** Cuts every connection and each new one at once, until `restore`. */
  breakDown(): void;
  restore(): void;
  /** Resolves at the next connection that it accepts. */
  nextConnection(): Promise<void>;
}

/** Passes bytes between a free port and `targetUrl`, both ways, unchanged. */
export function startCuttableProxy(targetUrl: string): CuttableProxy {
  const { hostname, port } = new URL(targetUrl);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const running = new Set<Promise<void>>();
  let limits: number[] = [];
  let broken = false;
  let accepted = 0;
  let next = Promise.withResolvers<void>();

  const close = (conn: Deno.TcpConn) => {
    if (open.delete(conn)) conn.close();
  };

  async function pass(from: Deno.TcpConn, to: Deno.TcpConn, limit: number): Promise<void> {
    const buffer = new Uint8Array(4096);
    let left = limit;
    try {
      while (left > 0) {
        const count = await from.read(buffer);
        if (count === null) break;
        let bytes = buffer.subarray(0, Math.min(count, left));
        left -= bytes.length;
        while (bytes.length > 0) bytes = bytes.subarray(await to.write(bytes));
      }
    } catch {
      // One of the ends has gone; so does the other.
    } finally {
      close(from);
      close(to);
    }
  }

  async function serve(client: Deno.TcpConn): Promise<void> {
    open.add(client);
    const limit = limits.shift() ?? Infinity;
    if (broken) return close(client);
    let target: Deno.TcpConn;
    try {
      target = await Deno.connect({ hostname, port: Number(port) });
    } catch {
      return close(client);
    }
    open.add(target);
    if (broken) {
      close(client);
      close(target);
      return;
    }
    await Promise.all([pass(client, target, Infinity), pass(target, client, limit)]);
  }

  const accepting = (async () => {
    for await (const client of listener) {
      accepted++;
      const served = serve(client);
      running.add(served);
      next.resolve();
      next = Promise.withResolvers();
      served.finally(() => running.delete(served));
    }
  })();

  const cut = () => {
    for (const conn of [...open]) close(conn);
  };

  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    accepted: () => accepted,
    cutAfter: (bytes) => void (limits = [...bytes]),
    cut,
    breakDown() {
      broken = true;
      cut();
    },
    restore: () => void (broken = false),
    nextConnection: () => next.promise,
    async [Symbol.asyncDispose]() {
      listener.close();
      cut();
      await accepting;
      await Promise.all(running);
    },
  };
}
