import assert from "node:assert/strict";
import { z } from "zod";
import { EventConnection } from "../../src/http/event_connection.ts";
import { listen } from "../../src/http/listen.ts";
import { bytesOf } from "../helpers/bytes.ts";
import { collectGarbage } from "../helpers/collect_garbage.ts";

/** A role that sends one event and then nothing more, without closing. */
function serveSilence() {
  return listen({
    host: "127.0.0.1",
    port: 0,
    handler: () =>
      new Response(
        new ReadableStream({
          start: (controller) =>
            controller.enqueue(bytesOf('id: 1\nevent: telemetry\ndata: {"n":1}\n\n')),
        }),
        { headers: { "Content-Type": "text/event-stream" } },
      ),
  });
}

async function readOne(connection: EventConnection, url: string) {
  const events = connection.data(url, "telemetry", z.object({ n: z.number() }));
  assert.deepEqual(await events.next(), { done: false, value: { n: 1 } });
  return events;
}

Deno.test("EventConnection notices silence also after a garbage collection", async () => {
  const server = serveSilence();
  const connection = new EventConnection({ silenceLimitMs: 2000 });
  try {
    const events = await readOne(connection, server.url);
    const next = events.next();
    collectGarbage();
    await assert.rejects(next, { code: "unreachable" });
  } finally {
    connection.close();
    await server.close({ drainMs: 1 });
  }
});

Deno.test("EventConnection ends with its signal also after a garbage collection", async () => {
  const server = serveSilence();
  const abort = new AbortController();
  const connection = new EventConnection({ signal: abort.signal });
  try {
    const events = await readOne(connection, server.url);
    const next = events.next();
    collectGarbage();
    const reason = new Error("enough");
    abort.abort(reason);
    await assert.rejects(next, reason);
  } finally {
    connection.close();
    await server.close({ drainMs: 1 });
  }
});
