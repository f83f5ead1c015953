import assert from "node:assert/strict";
import { z } from "zod";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { EventConnection } from "../../src/http/event_connection.ts";
import { errorBody } from "../../src/http/errors.ts";
import { listen } from "../../src/http/listen.ts";
import { bytesOf, cutAt } from "../helpers/bytes.ts";

const SCHEMA = z.object({ n: z.number().int() });

function serve(handler: (request: Request) => Response) {
  const listener = listen({ host: "127.0.0.1", port: 0, handler });
  return {
    url: `${listener.url}/v1/telemetry/stream`,
    [Symbol.asyncDispose]: () => listener.close({ drainMs: 1 }),
  };
}

/** A stream of these pieces, after which it ends unless it is to stay `open`. */
function stream(pieces: readonly Uint8Array[], options: { open?: boolean } = {}): Response {
  const left = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (!options.open) controller.close();
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}

function event(type: string, data: string): string {
  return `event: ${type}\ndata: ${data}\n\n`;
}

async function readAll(url: string, connection = new EventConnection()) {
  try {
    return await Array.fromAsync(connection.data(url, "telemetry", SCHEMA));
  } finally {
    connection.close();
  }
}

Deno.test("EventConnection.data() gives the data of one type in order, and ends with the stream", async () => {
  const asked: (string | null)[] = [];
  await using server = serve((request) => {
    asked.push(request.headers.get("accept"), request.headers.get("last-event-id"));
    return stream([
      bytesOf(
        "retry: 1000\n\n" +
          [1, 2, 3].map((n) => event("telemetry", `{"n":${n}}`)).join(": keepalive\n\n"),
      ),
    ]);
  });
  assert.deepEqual(await readAll(server.url), [{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.deepEqual(asked, ["text/event-stream", null]);
});

Deno.test("EventConnection.data() passes over events of other types, whatever they hold", async () => {
  await using server = serve(() =>
    stream([bytesOf(
      event("metrics", "not JSON") + "data: no type\n\n" + event("telemetry", '{"n":7}') +
        event("done", "{}"),
    )])
  );
  assert.deepEqual(await readAll(server.url), [{ n: 7 }]);
});

Deno.test("EventConnection.data() gives the data as the schema reads it, without what that does not know", async () => {
  await using server = serve(() => stream([bytesOf(event("telemetry", '{"n":1,"new":true}'))]));
  assert.deepEqual(await readAll(server.url), [{ n: 1 }]);
});

Deno.test("EventConnection.data() gives the same however the network cut it", async () => {
  const bytes = bytesOf(
    event("telemetry", '{"n":1,"x":"h\u00f6ney"}') + event("telemetry", '{"n":2}'),
  );
  await using server = serve(() => stream(cutAt(bytes, [...bytes.keys()])));
  assert.deepEqual(await readAll(server.url), [{ n: 1 }, { n: 2 }]);
});

for (
  const [what, data, where] of [
    ["is not JSON", "honey", /expected object/],
    ["has a field that does not fit", '{"n":"1"}', /: n .*number/],
    ["lacks a field", "{}", /: n /],
    ["is null", "null", /expected object/],
  ] as const
) {
  Deno.test(`EventConnection.data() throws bad_event for data that ${what}, after what came before`, async () => {
    await using server = serve(() =>
      stream([bytesOf(event("telemetry", '{"n":1}') + event("telemetry", data))], { open: true })
    );
    const connection = new EventConnection();
    const got: unknown[] = [];
    try {
      await assert.rejects(async () => {
        for await (const item of connection.data(server.url, "telemetry", SCHEMA)) got.push(item);
      }, (thrown: RbeeError) => {
        assert.equal(thrown.code, "bad_event");
        assert.ok(
          thrown.message.startsWith(`${server.url} sent a "telemetry" that does not fit: `),
        );
        assert.match(thrown.message, where);
        return true;
      });
    } finally {
      connection.close();
    }
    assert.deepEqual(got, [{ n: 1 }]);
  });
}

Deno.test("EventConnection.data() throws the error that the role answered with", async () => {
  const error = new RbeeError("shutting_down", "This role is stopping");
  await using server = serve(() => Response.json(errorBody(error), { status: 503 }));
  await assert.rejects(readAll(server.url), { name: "RbeeError", code: "shutting_down" });
});

Deno.test("EventConnection.data() takes another content for no stream", async () => {
  await using server = serve(() => Response.json({ n: 1 }));
  await assert.rejects(readAll(server.url), { code: "bad_answer", message: /application\/json/ });
});

Deno.test("EventConnection.data() ends when nothing arrives for too long", async () => {
  await using server = serve(() =>
    stream([bytesOf(event("telemetry", '{"n":1}'))], { open: true })
  );
  const connection = new EventConnection({ silenceLimitMs: 30 });
  await assert.rejects(readAll(server.url, connection), {
    code: "unreachable",
    message: `${server.url} has been silent for too long`,
  });
});

Deno.test("EventConnection.data() ends with the reason of its signal", async () => {
  const abort = new AbortController();
  const reason = new Error("looked away");
  await using server = serve(() =>
    stream([bytesOf(event("telemetry", '{"n":1}'))], { open: true })
  );
  const connection = new EventConnection({ signal: abort.signal });
  try {
    await assert.rejects(async () => {
      for await (const _ of connection.data(server.url, "telemetry", SCHEMA)) abort.abort(reason);
    }, reason);
  } finally {
    connection.close();
  }
});

Deno.test("EventConnection.data() closes the connection when its reader stops", async () => {
  const gone = Promise.withResolvers<void>();
  await using server = serve(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(bytesOf(event("telemetry", '{"n":1}'))),
        cancel: () => gone.resolve(),
      }),
      { headers: { "Content-Type": "text/event-stream" } },
    )
  );
  const connection = new EventConnection();
  for await (const _ of connection.data(server.url, "telemetry", SCHEMA)) break;
  connection.close();
  await gone.promise;
});
