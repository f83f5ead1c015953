/** A stretch of network between a client and a role, which a test can break. */
export interface CuttableProxy extends AsyncDisposable {
  url: string;
  /** What each connection has sent towards the role, in the order of the connections. */
  sent(): string[];
  /** Each further connection is cut after so many bytes of answer, in this order; then none is. */
  cutAfter(bytes: number[]): void;
  /** Cuts every open connection now. */
  cut(): void;
  /** Cuts every connection and each new one at once, until `restore`. */
  breakDown(): void;
  restore(): void;
  /** Passes new connections to another address. */
  retarget(url: string): void;
  /** Resolves at the next connection that it accepts. */
  nextConnection(): Promise<void>;
}

/** Passes bytes between a free port and `targetUrl`, both ways, unchanged. */
export function startCuttableProxy(targetUrl: string): CuttableProxy {
  let target = new URL(targetUrl);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const running = new Set<Promise<void>>();
  let limits: number[] = [];
  let broken = false;
  const sent: string[] = [];
  const decoder = new TextDecoder();
  let next = Promise.withResolvers<void>();

  const close = (conn: Deno.TcpConn) => {
    if (open.delete(conn)) conn.close();
  };

  async function pass(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    limit: number,
    onBytes: (bytes: Uint8Array) => void = () => {},
  ): Promise<void> {
    const buffer = new Uint8Array(4096);
    let left = limit;
    try {
      while (left > 0) {
        const count = await from.read(buffer);
        if (count === null) break;
        let bytes = buffer.subarray(0, Math.min(count, left));
        left -= bytes.length;
        onBytes(bytes);
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
    let role: Deno.TcpConn;
    try {
      role = await Deno.connect({ hostname: target.hostname, port: Number(target.port) });
    } catch {
      return close(client);
    }
    open.add(role);
    if (broken) {
      close(client);
      close(role);
      return;
    }
    const index = sent.push("") - 1;
    await Promise.all([
      pass(client, role, Infinity, (bytes) => void (sent[index] += decoder.decode(bytes))),
      pass(role, client, limit),
    ]);
  }

  const accepting = (async () => {
    for await (const client of listener) {
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
    sent: () => sent,
    cutAfter: (bytes) => void (limits = [...bytes]),
    cut,
    breakDown() {
      broken = true;
      cut();
    },
    restore: () => void (broken = false),
    retarget: (url) => void (target = new URL(url)),
    nextConnection: () => next.promise,
    async [Symbol.asyncDispose]() {
      listener.close();
      cut();
      await accepting;
      await Promise.all(running);
    },
  };
}
