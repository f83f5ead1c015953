/**
 * The server side of the stream benches, in a process of its own: prints its URL, then one JSON line
 * for each thing it measured. Argument 1 is the case, argument 2 a number.
 */
import { Hono } from "hono";
import { stream, streamSSE } from "hono/streaming";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { EventLog } from "../../src/jobs/event_log.ts";
import { jobRoutes, typedStreamResponse } from "../../src/jobs/job_routes.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import { z } from "zod";
import { setImmediate } from "node:timers";
import { SqliteJournal } from "../../src/journal/sqlite_journal.ts";

const [kind, count = "0"] = Deno.args;
const EVENTS = Number(count);
const RING_BYTES = 512 * 1024 * 1024;
const BATCH = 256;

/** An event of about 150 bytes on the wire. */
const event = (i: number) => ({
  type: "log" as const,
  actor: "worker",
  stream: "stdout" as const,
  line: `line ${i} of a child's output, as long as`,
});
const END = { type: "done" as const, result: null };

const app = new Hono();
const say = (value: unknown) =>
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(value) + "\n"));
// A timer would wait a millisecond each time, and that would be what is measured.
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function fill(log: EventLog): void {
  for (let i = 0; i < EVENTS; i++) log.append(event(i));
  log.append(END);
}

switch (kind) {
  case "replay": {
    const log = new EventLog({ maxBytes: RING_BYTES });
    fill(log);
    app.get("/stream", (c) => typedStreamResponse(c, log.cursor()));
    break;
  }
  case "replay-journal": {
    const folder = await Deno.makeTempDir({ prefix: "rbee-bench-" });
    const journal = new SqliteJournal({ path: `${folder}/bench.db` });
    const log = new EventLog({ journal: { id: "job-bench", journal } });
    fill(log);
    await journal.flush();
    log.release();
    app.get("/stream", (c) => typedStreamResponse(c, log.cursor()));
    app.post("/end", async (c) => {
      await journal.close();
      await Deno.remove(folder, { recursive: true });
      return c.text("");
    });
    break;
  }
  case "hono-streamSSE":
    app.get("/stream", (c) =>
      streamSSE(c, async (out) => {
        for (let i = 0; i < EVENTS; i++) {
          const { type, ...data } = event(i);
          await out.writeSSE({ id: String(i + 1), event: type, data: JSON.stringify(data) });
        }
      }));
    break;
  case "hono-blocks": {
    // What the transport alone gives: blocks that are ready, each one write.
    const encoder = new TextEncoder();
    const block = encoder.encode(
      Array.from(
        { length: BATCH },
        (_, i) => `id: ${i}\nevent: log\ndata: ${JSON.stringify(event(i))}\n\n`,
      )
        .join(""),
    );
    app.get("/stream", (c) =>
      stream(c, async (out) => {
        for (let i = 0; i < EVENTS; i += BATCH) await out.write(block.slice());
      }));
    break;
  }
  case "live": {
    const log = new EventLog({ maxBytes: RING_BYTES });
    app.get("/stream", (c) => typedStreamResponse(c, log.cursor()));
    app.post("/write", async (c) => {
      const startedMs = performance.now();
      for (let i = 0; i < EVENTS; i += BATCH) {
        for (let j = 0; j < BATCH; j++) log.append(event(i + j));
        await turn();
      }
      log.append(END);
      return c.json({ writeMs: performance.now() - startedMs, bytes: log.bytes });
    });
    break;
  }
  case "jobs": {
    const registry = new JobRegistry();
    const hold = Promise.withResolvers<void>();
    app.route(
      "/",
      jobRoutes({
        registry,
        accepting: () => true,
        handlers: {
          quick: operation(
            z.strictObject({ operation: z.literal("quick") }),
            { kind: "total", ms: 60_000 },
            () => Promise.resolve({ result: null }),
          ),
          hold: operation(
            z.strictObject({ operation: z.literal("hold") }),
            { kind: "total", ms: 600_000 },
            async () => {
              await hold.promise;
              return { result: null };
            },
          ),
        },
      }),
    );
    break;
  }
  case "idle": {
    // What an open answer costs without anything of ours.
    app.get("/stream", () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode(": open\n\n")),
          pull: () => new Promise(() => {}),
        }, { highWaterMark: 0 }),
      ));
    break;
  }
  default:
    throw new Error(`no case ${kind}`);
}

app.get("/memory", (c) => {
  (globalThis as { gc?: () => void }).gc?.();
  return c.json(Deno.memoryUsage());
});

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
say({ url: `http://127.0.0.1:${server.addr.port}` });
