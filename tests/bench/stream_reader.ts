/**
 * The reader side, in a process of its own: reads a stream with so many readers, of which so many stall
 * after their first chunk, and prints what arrived. Arguments: URL, readers, stalled, start URL.
 */
const [url = "", readers = "1", stalled = "0", startUrl] = Deno.args;
const count = Number(readers);
const stalledCount = Number(stalled);

let bytes = 0;
let endedMs = 0;
const startedMs = performance.now();
const { hostname, port, pathname } = new URL(url);
const request = new TextEncoder().encode(
  `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`,
);

/** Sockets, not `fetch`, which would be slower than some of what is measured. */
async function connect(): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(request);
  return connection;
}

async function readAll(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(256 * 1024);
  for (;;) {
    const read = await connection.read(buffer);
    if (read === null) break;
    bytes += read;
  }
  endedMs = performance.now();
}

const open = await Promise.all(Array.from({ length: count + stalledCount }, connect));
const reading = open.slice(0, count).map(readAll);
let written: unknown = null;
if (startUrl !== undefined) written = await (await fetch(startUrl, { method: "POST" })).json();
await Promise.all(reading);
Deno.stdout.writeSync(
  new TextEncoder().encode(JSON.stringify({ bytes, ms: endedMs - startedMs, written })),
);
for (const connection of open.slice(count)) connection.close();
Deno.exit(0);
