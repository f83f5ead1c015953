import { fileURLToPath } from "node:url";
import { type BenchServer, startServer } from "./bench_server.ts";
import { type BenchRow, printTable, runCase } from "./table.ts";

const EVENTS = 1_000_000;
const LIVE_EVENTS = 256 * 400;
const IDLE_STREAMS = 1000;
const SERVER = fileURLToPath(new URL("stream_server.ts", import.meta.url));
const READER = new URL("stream_reader.ts", import.meta.url);

interface Read {
  bytes: number;
  ms: number;
  written: { writeMs: number } | null;
}

function ownServer(kind: string, count: number): Promise<BenchServer> {
  const args = [
    "run",
    "--allow-all",
    "--quiet",
    "--v8-flags=--expose-gc",
    SERVER,
    kind,
    String(count),
  ];
  return startServer(Deno.execPath(), args);
}

/** One reader of a million events that are there, beside what others offer. */
export async function benchReplay(): Promise<void> {
  const rows: BenchRow[] = [];
  const measure = async (name: string, events: number, starting: Promise<BenchServer>) => {
    await using server = await starting;
    const { ms, bytes } = await runCase<Read>(READER, `${server.url}/stream`);
    rows.push({
      name,
      "events": events,
      "bytes/event": Math.round(bytes / events),
      "events/s": Math.round(events / ms * 1000),
      "MB/s": Math.round(bytes / ms / 1000),
    });
    if (name.includes("journal")) {
      await (await fetch(`${server.url}/end`, { method: "POST" })).text();
    }
  };
  await measure("rbee, from memory", EVENTS, ownServer("replay", EVENTS));
  await measure("rbee, from the journal", EVENTS, ownServer("replay-journal", EVENTS));
  await measure("hono stream, 256 ready events a write", EVENTS, ownServer("hono-blocks", EVENTS));
  await measure(
    "hono streamSSE, an event a write",
    EVENTS / 4,
    ownServer("hono-streamSSE", EVENTS / 4),
  );
  const betterSse = fileURLToPath(import.meta.resolve("better-sse"));
  const rival = fileURLToPath(new URL("rivals/better_sse.mjs", import.meta.url));
  await measure(
    "better-sse under Node, batches of 256",
    EVENTS / 4,
    startServer("node", [rival, betterSse, String(EVENTS / 4)]),
  );
  printTable("Replay: one reader over HTTP on loopback", rows);
}

/** A writer at full speed and its readers. */
export async function benchLive(): Promise<void> {
  const rows: BenchRow[] = [];
  for (const [readers, stalled] of [[0, 0], [1, 0], [10, 0], [100, 0], [99, 1]] as const) {
    await using server = await ownServer("live", LIVE_EVENTS);
    const { ms, written } = await runCase<Read>(
      READER,
      `${server.url}/stream`,
      String(readers),
      String(stalled),
      `${server.url}/write`,
    );
    const writeMs = written!.writeMs;
    rows.push({
      name: stalled === 0 ? `${readers} readers` : `${readers} readers and ${stalled} stalled`,
      "written/s": Math.round(LIVE_EVENTS / writeMs * 1000),
      "deliveries/s": readers === 0 ? "-" : Math.round(LIVE_EVENTS * readers / ms * 1000),
    });
  }
  printTable(`Live: a writer at full speed, ${LIVE_EVENTS.toLocaleString("en")} events`, rows);
}

/** Memory of ended jobs and idle streams; time from submit to the first event. */
export async function benchJobs(): Promise<void> {
  await using server = await ownServer("jobs", 0);
  const submit = async (operation: string) => {
    const answer = await fetch(`${server.url}/v1/jobs`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ operation }),
    });
    return await answer.json() as { job_id: string; sse_url: string };
  };

  const times: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const startedMs = performance.now();
    const { sse_url } = await submit("quick");
    const answer = await fetch(server.url + sse_url);
    const reader = answer.body!.getReader();
    await reader.read();
    if (i >= 500) times.push(performance.now() - startedMs);
    await reader.cancel();
  }
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.floor(times.length * part)]!.toFixed(2);
  printTable("Submit to first event, one after the other", [
    { name: "rbee", "median ms": at(0.5), "99th percentile ms": at(0.99) },
  ]);

  const { sse_url } = await submit("hold");
  await using bare = await ownServer("idle", 0);
  printTable(`Memory of ${IDLE_STREAMS.toLocaleString("en")} idle open streams`, [
    await idleStreams("rbee", server.url, sse_url),
    await idleStreams("Deno.serve alone", bare.url, "/stream"),
  ]);
}

async function idleStreams(name: string, url: string, path: string): Promise<BenchRow> {
  const memory = async () =>
    await (await fetch(`${url}/memory`)).json() as { rss: number; heapUsed: number };
  const { hostname, port, host } = new URL(url);
  const request = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const before = await memory();
  const open = await Promise.all(Array.from({ length: IDLE_STREAMS }, async () => {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(request);
    await connection.read(new Uint8Array(1024));
    return connection;
  }));
  const after = await memory();
  for (const connection of open) connection.close();
  return {
    name,
    "heap KB a stream": ((after.heapUsed - before.heapUsed) / IDLE_STREAMS / 1024).toFixed(1),
    "resident KB a stream": ((after.rss - before.rss) / IDLE_STREAMS / 1024).toFixed(1),
  };
}
