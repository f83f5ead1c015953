import assert from "node:assert/strict";
import { errorBodySchema } from "../../src/contracts/error_body.ts";
import { listen } from "../../src/http/listen.ts";
import { rawConnect, readUntil, writeAll } from "../helpers/raw_http.ts";

const hello = () => new Response("hello");

Deno.test("listen() on port 0 serves on the port that it tells", async () => {
  const listener = listen({ host: "127.0.0.1", port: 0, handler: hello });
  assert.equal(listener.url, `http://127.0.0.1:${listener.port}`);
  assert.equal(await (await fetch(listener.url)).text(), "hello");
  await listener.close();
  await assert.rejects(fetch(listener.url), TypeError);
});

Deno.test("listen() on a taken port says so in one sentence", async () => {
  const first = listen({ host: "127.0.0.1", port: 0, handler: hello });
  const { port } = first;
  assert.throws(() => listen({ host: "127.0.0.1", port, handler: hello }), {
    name: "RbeeError",
    code: "port_in_use",
    message:
      `Port ${port} on 127.0.0.1 is taken by another program; stop it, or choose another port (0 for any free one)`,
    details: { port },
  });
  await first.close();
});

Deno.test("listen() on an address that is not this machine's says so", () => {
  assert.throws(() => listen({ host: "192.0.2.1", port: 0, handler: hello }), {
    name: "RbeeError",
    code: "cannot_listen",
    message: /^Cannot listen on 192\.0\.2\.1:0: /,
  });
});

Deno.test("listen() on every address tells one that can be reached", async () => {
  const listener = listen({ host: "0.0.0.0", port: 0, handler: hello });
  assert.equal(listener.url, `http://127.0.0.1:${listener.port}`);
  assert.equal(await (await fetch(listener.url)).text(), "hello");
  await listener.close();
});

Deno.test("Listener.close() lets an open answer finish within its time", async () => {
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const listener = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () => {
      begun.resolve();
      return answer.promise;
    },
  });
  const asking = fetch(listener.url).then((response) => response.text());
  await begun.promise;
  const closing = listener.close({ drainMs: 60_000 });
  answer.resolve(new Response("just in time"));
  assert.equal(await asking, "just in time");
  await closing;
});

Deno.test("Listener.close() cuts an answer that does not end in time", async () => {
  const cancelled = Promise.withResolvers<void>();
  const listener = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
          cancel: () => cancelled.resolve(),
        }),
      ),
  });
  using conn = await rawConnect(listener.url);
  await writeAll(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await readUntil(conn, "first");
  await listener.close({ drainMs: 1 });
  await cancelled.promise;
});

Deno.test("Listener.close() lets an open stream go on to its end within its time", async () => {
  const source = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const encoder = new TextEncoder();
  const listener = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () => new Response(new ReadableStream({ start: source.resolve })),
  });
  const response = await fetch(listener.url);
  const controller = await source.promise;
  controller.enqueue(encoder.encode("first "));
  const closing = listener.close({ drainMs: 60_000 });
  controller.enqueue(encoder.encode("last"));
  controller.close();
  assert.equal(await response.text(), "first last");
  await closing;
});

Deno.test("Listener.close() refuses new requests with 503 while an answer is still open", async () => {
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const listener = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () => {
      begun.resolve();
      return answer.promise;
    },
  });
  const asking = fetch(listener.url).then((response) => response.text());
  await begun.promise;
  const closing = listener.close({ drainMs: 60_000 });
  const late = await fetch(listener.url);
  assert.equal(late.status, 503);
  assert.equal(errorBodySchema.parse(await late.json()).error.code, "shutting_down");
  answer.resolve(new Response("done"));
  assert.equal(await asking, "done");
  await closing;
});

Deno.test("Listener.close() with idle connections that stay open returns", async () => {
  const listener = listen({ host: "127.0.0.1", port: 0, handler: hello });
  using conn = await rawConnect(listener.url);
  await writeAll(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await readUntil(conn, "hello");
  await listener.close({ drainMs: 60_000 });
  assert.equal(await conn.read(new Uint8Array(1)), null);
});

Deno.test("Listener.close() does not wait for an answer whose client has gone", async () => {
  const begun = Promise.withResolvers<void>();
  const listener = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () => {
      begun.resolve();
      return new Response(new ReadableStream({ cancel: () => gone.resolve() }));
    },
  });
  const gone = Promise.withResolvers<void>();
  const conn = await rawConnect(listener.url);
  await writeAll(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await begun.promise;
  conn.close();
  await gone.promise;
  await listener.close({ drainMs: 60_000 });
});
