/**
 * Serves for a bench, on loopback and a port that the system chooses, and prints the line of JSON with its
 * `url` that `startServer` waits for. Resolves when it has ended.
 */
export function serveBench(handler: Deno.ServeHandler): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  const line = JSON.stringify({ url: `http://127.0.0.1:${server.addr.port}` });
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  return server.finished;
}
