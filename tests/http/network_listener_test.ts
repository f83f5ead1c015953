import assert from "node:assert/strict";
import { errorBodySchema } from "../../src/contracts/error_body.ts";
import { type ListenOptions } from "../../src/http/listen.ts";
import { NetworkListener, type NetworkListenerOptions } from "../../src/http/network_listener.ts";
import { addNarrationSink } from "../../src/narration/narration_sink.ts";
import { rawConnect, rawExchange, readUntil, writeAll } from "../helpers/raw_http.ts";

const HEAD = "Host: 127.0.0.1\r\n";

async function served(
  handler: ListenOptions["handler"],
  options: Partial<NetworkListenerOptions> = {},
) {
  const listener = await NetworkListener.open({ host: "127.0.0.1", port: 0, ...options });
  const { url, port } = listener.serve(handler);
  return { url, port, [Symbol.asyncDispose]: () => listener.close({ drainMs: 0 }) };
}

const hello = () => new Response("hello");

Deno.test("NetworkListener serves on the port that it tells, and no more after its end", async () => {
  const listener = await NetworkListener.open({ host: "127.0.0.1", port: 0 });
  const { url, port } = listener.serve(hello);
  assert.equal(url, `http://127.0.0.1:${port}`);
  assert.equal(await (await fetch(url)).text(), "hello");
  await listener.close();
  await assert.rejects(fetch(url), TypeError);
});

Deno.test("NetworkListener refuses with 503 who asks before it serves", async () => {
  const listener = await NetworkListener.open({ host: "127.0.0.1", port: 0 });
  const answer = await fetch(listener.url);
  assert.equal(answer.status, 503);
  assert.equal(errorBodySchema.parse(await answer.json()).error.code, "shutting_down");
  await listener.close();
});

Deno.test("NetworkListener says in one sentence that a port is taken, or an address not its machine's", async () => {
  const first = await NetworkListener.open({ host: "127.0.0.1", port: 0 });
  const { port } = first.serve(hello);
  await assert.rejects(NetworkListener.open({ host: "127.0.0.1", port }), {
    code: "port_in_use",
    message:
      `Port ${port} on 127.0.0.1 is taken by another program; stop it, or choose another port (0 for any free one)`,
  });
  await assert.rejects(NetworkListener.open({ host: "192.0.2.1", port: 0 }), {
    code: "cannot_listen",
    message: /^Cannot listen on 192\.0\.2\.1:0: /,
  });
  await first.close();
});

Deno.test("NetworkListener answers headers that do not come with 408 in its time", async () => {
  await using server = await served(hello, { headerMs: 200 });
  for (const begun of ["", `GET / HTTP/1.1\r\n${HEAD}X-A: b`]) {
    const answer = await rawExchange(server.url, begun);
    assert.match(answer, /^HTTP\/1\.1 408 /);
  }
});

Deno.test("NetworkListener closes a request that does not come whole in its time", async () => {
  await using server = await served(async (request) => new Response(await request.text()), {
    headerMs: 200,
    requestMs: 400,
  });
  const answer = await rawExchange(
    server.url,
    `POST / HTTP/1.1\r\n${HEAD}Content-Length: 100\r\n\r\nbegun`,
  );
  assert.match(answer, /^(HTTP\/1\.1 408 [^]*)?$/);
});

Deno.test("NetworkListener refuses headers of more than its limit with 431, and takes them up to it", async () => {
  await using server = await served(hello, { maxHeaderBytes: 4096 });
  const withHeader = (bytes: number) =>
    rawExchange(
      server.url,
      `GET / HTTP/1.1\r\n${HEAD}Connection: close\r\nX-A: ${"b".repeat(bytes)}\r\n\r\n`,
    );
  assert.match(await withHeader(3500), /^HTTP\/1\.1 200 /);
  assert.match(await withHeader(4200), /^HTTP\/1\.1 431 /);
});

Deno.test("NetworkListener closes a connection that is idle for too long", async () => {
  await using server = await served(hello, { idleMs: 100 });
  const answer = await rawExchange(server.url, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

Deno.test("NetworkListener closes what is more than its connections at once, and says so once", async () => {
  const told: string[] = [];
  const remove = addNarrationSink({
    write: ({ action, human }) => void told.push(`${action}: ${human}`),
  });
  await using server = await served(hello, { maxConnections: 2 });
  using first = await rawConnect(server.url);
  using second = await rawConnect(server.url);
  for (const conn of [first, second]) {
    await writeAll(conn, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
    await readUntil(conn, "hello");
  }
  for (let each = 0; each < 3; each++) {
    using more = await rawConnect(server.url);
    const end = await more.read(new Uint8Array(1)).catch((error: Error) => error.name);
    assert.ok(end === null || end === "ConnectionReset", String(end));
  }
  // Those that are there go on.
  await writeAll(first, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
  await readUntil(first, "hello");
  remove();
  assert.deepEqual(told, [
    "connections_full: 2 connections are open, which is the most there may be; more are refused",
  ]);
});

Deno.test("NetworkListener gives the body of a request to its handler, and its headers back", async () => {
  await using server = await served(async (request) =>
    new Response(await request.text(), {
      status: 201,
      headers: [["X-A", request.headers.get("x-a") ?? ""], ["Set-Cookie", "a=1"], [
        "Set-Cookie",
        "b=2",
      ]],
    })
  );
  const answer = await fetch(server.url, {
    method: "POST",
    headers: { "X-A": "b" },
    body: "x".repeat(3_000_000),
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get("x-a"), "b");
  assert.deepEqual(answer.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal((await answer.text()).length, 3_000_000);
});

Deno.test("NetworkListener tells when an answer was sent whole, and who asked for it", async () => {
  let sent: Promise<void> | undefined;
  let peer: string | undefined;
  let aborted: boolean | undefined;
  await using server = await served((request, way) => {
    ({ sent, peer } = way);
    sent.then(() => aborted = request.signal.aborted);
    return new Response("whole");
  });
  assert.equal(await (await fetch(server.url)).text(), "whole");
  await sent;
  assert.equal(peer, "127.0.0.1");
  assert.equal(aborted, false);
});

Deno.test("NetworkListener tells a handler and its stream that who asked has gone", async () => {
  const gone = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  let sent: Promise<void> | undefined;
  await using server = await served((request, way) => {
    ({ sent } = way);
    request.signal.addEventListener("abort", () => gone.resolve());
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
        cancel: () => cancelled.resolve(),
      }),
    );
  });
  const conn = await rawConnect(server.url);
  await writeAll(conn, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
  await readUntil(conn, "first");
  conn.close();
  await Promise.all([gone.promise, cancelled.promise, sent]);
});

Deno.test("NetworkListener ends a connection that sends many requests and waits for no answer", async () => {
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  await using server = await served(async () => {
    asked++;
    await gate.promise;
    return hello();
  });
  const conn = await rawConnect(server.url);
  await writeAll(conn, `GET / HTTP/1.1\r\n${HEAD}\r\n`.repeat(1000));
  await assert.rejects(readUntil(conn, "hello"));
  conn.close();
  gate.resolve();
  assert.ok(asked <= 2, `${asked}`);
});

Deno.test("NetworkListener tells of answers that wait behind another that their reader has gone, and ends", async () => {
  const ends: Promise<void>[] = [];
  const both = Promise.withResolvers<void>();
  const listener = await NetworkListener.open({ host: "127.0.0.1", port: 0 });
  const { url } = listener.serve((_request, { sent }) => {
    ends.push(sent);
    if (ends.length === 2) both.resolve();
    return new Response(new ReadableStream());
  });
  const conn = await rawConnect(url);
  await writeAll(conn, `GET / HTTP/1.1\r\n${HEAD}\r\n`.repeat(2));
  await both.promise;
  conn.close();
  await Promise.all(ends);
  await listener.close();
});

Deno.test("NetworkListener answers one request after another on a connection that is kept", async () => {
  await using server = await served((request) => new Response(new URL(request.url).pathname));
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  for (let at = 0; at < 300; at++) {
    const answer = await fetch(`${server.url}/${at}`, { client });
    assert.equal(await answer.text(), `/${at}`);
  }
});

Deno.test("NetworkListener closes what one address has beyond its share, and says so", async () => {
  await using server = await served(hello, { maxConnections: 64 });
  const told: string[] = [];
  const end = addNarrationSink({
    write: ({ action, human }) => void told.push(`${action}: ${human}`),
  });
  const conns = await Promise.all(Array.from({ length: 20 }, () => rawConnect(server.url)));
  const answers = await Promise.all(
    conns.map(async (conn) => {
      await writeAll(conn, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
      return await readUntil(conn, "hello");
    }).map((answer) => answer.then(() => true, () => false)),
  );
  end();
  for (const conn of conns) conn.close();
  assert.equal(answers.filter((isAnswered) => isAnswered).length, 16);
  assert.deepEqual(told, [
    "connections_full: 16 connections from 127.0.0.1 are open, which is the most of one address; more are refused",
  ]);
});

Deno.test("NetworkListener asks a stream for no more than its reader takes", async () => {
  let pulled = 0;
  const chunk = new Uint8Array(65_536);
  const begun = Promise.withResolvers<void>();
  await using server = await served((request) =>
    request.url.endsWith("/hello") ? hello() : new Response(
      new ReadableStream({
        pull(controller) {
          pulled += chunk.length;
          controller.enqueue(chunk);
          begun.resolve();
        },
      }, { highWaterMark: 0 }),
    )
  );
  using conn = await rawConnect(server.url);
  await writeAll(conn, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
  await begun.promise;
  // A stream that is asked for more and more would be, many times, between any two of these.
  for (let i = 0; i < 500; i++) await (await fetch(`${server.url}/hello`)).text();
  assert.ok(pulled < 32 * 1024 * 1024, `${pulled}`);
});

Deno.test("NetworkListener answers a body that its handler does not want, and closes when it goes on", async () => {
  await using server = await served(() => new Response("no", { status: 413 }));
  using conn = await rawConnect(server.url);
  await writeAll(conn, `POST / HTTP/1.1\r\n${HEAD}Content-Length: 100000000\r\n\r\nbegun`);
  await readUntil(conn, "no");
  // It has its answer; what it sends behind it ends with the connection.
  const chunk = "x".repeat(65_536);
  await assert.rejects(async () => {
    for (;;) {
      await writeAll(conn, chunk);
      await conn.read(new Uint8Array(1024)).then((count) => {
        if (count === null) throw new Deno.errors.BrokenPipe();
      });
    }
  });
});

Deno.test("NetworkListener breaks off an answer whose stream breaks", async () => {
  await using server = await served(() =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("first"));
        },
        pull: () => Promise.reject(new Error("broken")),
      }),
    )
  );
  await assert.rejects(async () => await (await fetch(server.url)).text(), TypeError);
});

Deno.test("NetworkListener answers HEAD without a body, and lets go of its stream", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using server = await served(() =>
    new Response(new ReadableStream({ cancel: () => cancelled.resolve() }))
  );
  const answer = await fetch(server.url, { method: "HEAD" });
  assert.equal(await answer.text(), "");
  await cancelled.promise;
});

Deno.test("NetworkListener.close() lets an open answer finish, and refuses what is new", async () => {
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const listener = await NetworkListener.open({ host: "127.0.0.1", port: 0 });
  const { url, close } = listener.serve(() => {
    begun.resolve();
    return answer.promise;
  });
  const asking = fetch(url).then((response) => response.text());
  await begun.promise;
  const closing = close({ drainMs: 60_000 });
  assert.equal((await (await fetch(url)).json()).error.code, "shutting_down");
  answer.resolve(new Response("just in time"));
  assert.equal(await asking, "just in time");
  await closing;
});

Deno.test("NetworkListener.close() cuts an answer that does not end in time", async () => {
  const cancelled = Promise.withResolvers<void>();
  const listener = await NetworkListener.open({ host: "127.0.0.1", port: 0 });
  const { url } = listener.serve(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
        cancel: () => cancelled.resolve(),
      }),
    )
  );
  using conn = await rawConnect(url);
  await writeAll(conn, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
  await readUntil(conn, "first");
  await listener.close({ drainMs: 1 });
  await cancelled.promise;
});
