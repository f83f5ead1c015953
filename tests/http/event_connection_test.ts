import assert from "node:assert/strict";
import { delay } from "../../src/base/delay.ts";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { EventConnection } from "../../src/http/event_connection.ts";
import { errorBody } from "../../src/http/errors.ts";
import { listen } from "../../src/http/listen.ts";

const DONE =
  'id: 2\nevent: done\ndata: {"seq":2,"at":"2026-01-31T12:00:00.123Z","result":null}\n\n';

function serve(handler: (request: Request) => Response) {
  const listener = listen({ host: "127.0.0.1", port: 0, handler });
  return {
    url: `${listener.url}/v1/jobs/x/stream`,
    [Symbol.asyncDispose]: () => listener.close({ drainMs: 1 }),
  };
}

function events(body: BodyInit): Response {
  return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
}

/** Reads one connection to its end and lets go of it. */
async function readAll(url: string, after: number, connection = new EventConnection()) {
  try {
    return await Array.fromAsync(connection.open(url, after));
  } finally {
    connection.close();
  }
}

Deno.test("EventConnection.open() reads events and ends with the stream", async () => {
  await using server = serve(() => events("retry: 1000\n\n" + DONE));
  const read = await readAll(server.url, 0);
  assert.deepEqual(read.map((event) => event.type), ["done"]);
});

Deno.test("EventConnection.open() asks for events after the last one read", async () => {
  const asked: (string | null)[] = [];
  await using server = serve((request) => {
    assert.equal(request.headers.get("accept"), "text/event-stream");
    asked.push(request.headers.get("last-event-id"));
    return events(DONE);
  });
  await readAll(server.url, 0);
  await readAll(server.url, 41);
  assert.deepEqual(asked, [null, "41"]);
});

Deno.test("EventConnection.open() throws the error that the role answered with", async () => {
  const error = new RbeeError("job_expired", "Job is older than what is kept");
  await using server = serve(() => Response.json(errorBody(error), { status: 410 }));
  await assert.rejects(readAll(server.url, 0), {
    name: "RbeeError",
    code: "job_expired",
    message: error.message,
  });
});

for (const type of ["text/html", "application/json", undefined]) {
  Deno.test(`EventConnection.open() takes 200 with ${type ?? "no type"} for no stream`, async () => {
    await using server = serve(() =>
      new Response(new TextEncoder().encode(DONE), {
        headers: type ? { "Content-Type": type } : {},
      })
    );
    await assert.rejects(readAll(server.url, 0), (thrown: RbeeError) => {
      assert.equal(thrown.code, "bad_answer");
      assert.ok(thrown.message.includes(`answered with ${type ?? "no type"}, not with a stream`));
      return true;
    });
  });
}

Deno.test("EventConnection ends when nothing arrives for too long", async () => {
  await using server = serve(() => events(new ReadableStream()));
  await assert.rejects(readAll(server.url, 0, new EventConnection({ silenceLimitMs: 30 })), {
    code: "unreachable",
    message: `${server.url} has been silent for too long`,
  });
});

Deno.test("EventConnection stays open while comments arrive", async () => {
  const silenceLimitMs = 400;
  const startedMs = performance.now();
  let timer: ReturnType<typeof setInterval>;
  await using server = serve(() =>
    events(
      new ReadableStream({
        start(controller) {
          const encoder = new TextEncoder();
          timer = setInterval(() => {
            if (performance.now() - startedMs < 1.5 * silenceLimitMs) {
              controller.enqueue(encoder.encode(": keepalive\n\n"));
              return;
            }
            clearInterval(timer);
            controller.enqueue(encoder.encode(DONE));
            controller.close();
          }, 5);
        },
        cancel: () => clearInterval(timer),
      }),
    )
  );
  const connection = new EventConnection({ silenceLimitMs });
  const read = await readAll(server.url, 0, connection);
  assert.deepEqual(read.map((event) => event.type), ["done"]);
  assert.ok(connection.heardMs >= silenceLimitMs, `heard for ${connection.heardMs} ms`);
});

Deno.test("EventConnection reads what came while its process was stopped before it takes it for silence", async () => {
  const silenceLimitMs = 200;
  let controller: ReadableStreamDefaultController<Uint8Array>;
  await using server = serve(() =>
    events(new ReadableStream({ start: (started) => void (controller = started) }))
  );
  const connection = new EventConnection({ silenceLimitMs });
  const reading = readAll(server.url, 0, connection);
  // After its second look it is known how often it looks.
  await delay(silenceLimitMs / 3);
  // As a signal stops a process, or a lid that is closed.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * silenceLimitMs);
  controller!.enqueue(new TextEncoder().encode(DONE));
  controller!.close();
  assert.deepEqual((await reading).map((event) => event.type), ["done"]);
});

Deno.test("EventConnection ends with the reason of its signal", async () => {
  const abort = new AbortController();
  const reason = new Error("looked away");
  await using server = serve(() => {
    queueMicrotask(() => abort.abort(reason));
    return events(new ReadableStream());
  });
  const connection = new EventConnection({ signal: abort.signal });
  await assert.rejects(readAll(server.url, 0, connection), (error) => error === reason);
});

Deno.test("EventConnection.close() closes a connection that still brings events", async () => {
  const gone = Promise.withResolvers<void>();
  await using server = serve(() =>
    events(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(DONE)),
        cancel: () => gone.resolve(),
      }),
    )
  );
  const connection = new EventConnection();
  for await (const event of connection.open(server.url, 0)) {
    assert.equal(event.type, "done");
    break;
  }
  connection.close();
  await gone.promise;
});

Deno.test("EventConnection that was refused was heard for no time", async () => {
  const listener = listen({ host: "127.0.0.1", port: 0, handler: () => new Response() });
  await listener.close();
  const connection = new EventConnection();
  await assert.rejects(readAll(listener.url, 0, connection), TypeError);
  assert.equal(connection.heardMs, 0);
});
