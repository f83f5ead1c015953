import assert from "node:assert/strict";
import { listen } from "../../src/http/listen.ts";
import { passOn } from "../../src/http/pass_on.ts";
import { FrameReader } from "../helpers/event_frames.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** A server, and one before it that passes everything on to it. */
function passedOn(handler: Handler) {
  const target = listen({ host: "127.0.0.1", port: 0, handler });
  const front = listen({
    host: "127.0.0.1",
    port: 0,
    handler: (request) => {
      const { pathname, search } = new URL(request.url);
      return passOn(request, `${target.url}/behind${pathname}${search}`);
    },
  });
  return {
    url: front.url,
    targetUrl: target.url,
    async [Symbol.asyncDispose]() {
      await front.close({ drainMs: 1 });
      await target.close({ drainMs: 1 });
    },
  };
}

Deno.test("passOn() passes method, path, headers and body, and the answer back", async () => {
  await using server = passedOn(async (request) => {
    const { pathname, search } = new URL(request.url);
    const seen = {
      method: request.method,
      path: pathname + search,
      extra: request.headers.get("x-extra"),
      type: request.headers.get("content-type"),
      body: await request.text(),
    };
    return Response.json(seen, { status: 207, headers: { "X-Answer": "yes" } });
  });
  const response = await fetch(`${server.url}/a/b?c=1`, {
    method: "PATCH",
    headers: { "Content-Type": "text/x-own", "X-Extra": "1" },
    body: "naïve",
  });
  assert.equal(response.status, 207);
  assert.equal(response.headers.get("x-answer"), "yes");
  assert.deepEqual(await response.json(), {
    method: "PATCH",
    path: "/behind/a/b?c=1",
    extra: "1",
    type: "text/x-own",
    body: "naïve",
  });
});

Deno.test("passOn() speaks to the other side under its own host and without an Origin", async () => {
  await using server = passedOn((request) =>
    Response.json([request.headers.get("host"), request.headers.get("origin")])
  );
  const response = await fetch(server.url, { headers: { Origin: server.url } });
  assert.deepEqual(await response.json(), [new URL(server.targetUrl).host, null]);
});

for (const status of [204, 304, 404, 500, 503]) {
  Deno.test(`passOn() passes ${status} on`, async () => {
    const body = status === 204 || status === 304 ? null : "why";
    await using server = passedOn(() => new Response(body, { status }));
    const response = await fetch(server.url);
    assert.equal(response.status, status);
    assert.equal(await response.text(), body ?? "");
  });
}

Deno.test("passOn() passes a redirect on and does not follow it", async () => {
  await using server = passedOn(() =>
    new Response(null, { status: 302, headers: { Location: "http://192.0.2.1/" } })
  );
  const response = await fetch(server.url, { redirect: "manual" });
  assert.equal(response.status, 302);
  assert.equal(response.headers.get("location"), "http://192.0.2.1/");
  assert.equal(await response.text(), "");
});

Deno.test("passOn() asks for no compression, and passes it on unchanged where it comes anyway", async () => {
  const text = "a text that is compressed ".repeat(100);
  const asked: (string | null)[] = [];
  await using server = passedOn(async (request) => {
    asked.push(request.headers.get("accept-encoding"));
    const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = await new Response(packed).arrayBuffer();
    return new Response(bytes, { headers: { "Content-Encoding": "gzip" } });
  });
  const response = await fetch(server.url, { headers: { "Accept-Encoding": "gzip" } });
  assert.equal(response.headers.get("content-encoding"), "gzip");
  assert.equal(await response.text(), text);
  assert.deepEqual(asked, ["identity"]);
});

Deno.test("passOn() passes each event on when it comes", async () => {
  const source = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  await using server = passedOn(() =>
    new Response(new ReadableStream({ start: source.resolve }), {
      headers: { "Content-Type": "text/event-stream" },
    })
  );
  const response = fetch(server.url);
  const controller = await source.promise;
  const send = (text: string) => controller.enqueue(new TextEncoder().encode(text));
  send("data: 1\n\n");
  const reader = new FrameReader(await response);
  assert.equal((await reader.frame()).data, "1");
  send("data: 2\n\n");
  assert.equal((await reader.frame()).data, "2");
  controller.close();
  assert.deepEqual(await reader.rest(), []);
});

Deno.test("passOn() closes the connection behind it when the reader has gone", async () => {
  const gone = Promise.withResolvers<void>();
  await using server = passedOn(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
        cancel: () => gone.resolve(),
      }),
    )
  );
  const reader = new FrameReader(await fetch(server.url));
  await reader.frame();
  await reader.cancel();
  await gone.promise;
});

Deno.test("passOn() gives up asking when who asked goes before the answer", async () => {
  const begun = Promise.withResolvers<void>();
  const never = Promise.withResolvers<Response>();
  const abort = new AbortController();
  const target = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () => {
      begun.resolve();
      return never.promise;
    },
  });
  const reason = new Error("gone");
  const asking = passOn(new Request("http://127.0.0.1/", { signal: abort.signal }), target.url);
  await begun.promise;
  abort.abort(reason);
  await assert.rejects(asking, (error) => error === reason);
  never.resolve(new Response());
  await target.close({ drainMs: 1 });
});

Deno.test("passOn() throws when nobody answers there", async () => {
  const listener = listen({ host: "127.0.0.1", port: 0, handler: () => new Response() });
  await listener.close();
  await assert.rejects(passOn(new Request("http://127.0.0.1/"), listener.url), TypeError);
});
