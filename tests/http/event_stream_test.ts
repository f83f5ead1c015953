import assert from "node:assert/strict";
import { Hono } from "hono";
import { type EventSource, eventStreamResponse } from "../../src/http/event_stream.ts";
import { FrameReader } from "../helpers/event_frames.ts";
import { SteppedSource } from "../helpers/stepped_source.ts";

async function open(
  source: EventSource,
  options: Parameters<typeof eventStreamResponse>[2] = {},
): Promise<Response> {
  const app = new Hono();
  app.get("/", (c) => eventStreamResponse(c, source, options));
  return await app.request("/");
}

Deno.test("eventStreamResponse() sends head and events and ends with its source", async () => {
  const source = new SteppedSource();
  source.push("data: 1\n\n");
  source.push("data: 2\n\n");
  source.end();
  let closed = 0;
  const response = await open(source, { head: "retry: 1000\n\n", onClose: () => void closed++ });
  assert.equal(await response.text(), "retry: 1000\n\ndata: 1\n\ndata: 2\n\n");
  assert.equal(closed, 1);
});

Deno.test("eventStreamResponse() without a head begins with the first event", async () => {
  const source = new SteppedSource();
  source.push("data: 1\n\n");
  source.end();
  assert.equal(await (await open(source)).text(), "data: 1\n\n");
});

Deno.test("eventStreamResponse() sends a comment after each silence", async () => {
  const source = new SteppedSource();
  const reader = new FrameReader(await open(source, { keepaliveMs: 1 }));
  assert.equal(await reader.block(), ": keepalive");
  assert.equal(await reader.block(), ": keepalive");
  source.push("data: 1\n\n");
  assert.equal((await reader.frame()).data, "1");
  assert.equal(await reader.block(), ": keepalive");
  source.end();
  assert.deepEqual(await reader.rest(), []);
});

Deno.test("eventStreamResponse() sends no comment while events come", async () => {
  const source = new SteppedSource();
  const response = await open(source, { keepaliveMs: 60_000 });
  const reader = new FrameReader(response);
  for (let n = 0; n < 100; n++) {
    source.push(`data: ${n}\n\n`);
    assert.equal(await reader.block(), `data: ${n}`);
  }
  source.end();
  assert.equal(await reader.block(), undefined);
});

Deno.test("eventStreamResponse() calls onClose once when its reader goes away", async () => {
  const source = new SteppedSource();
  const closed = Promise.withResolvers<void>();
  let calls = 0;
  const response = await open(source, {
    head: "retry: 1000\n\n",
    onClose: () => {
      calls++;
      closed.resolve();
    },
  });
  const reader = new FrameReader(response);
  await reader.block();
  assert.equal(calls, 0);
  await reader.cancel();
  await closed.promise;
  source.push("data: late\n\n");
  source.end();
  await Promise.resolve();
  assert.equal(calls, 1);
  assert.notEqual(source.read(), undefined, "the source was read for nobody");
});

Deno.test("eventStreamResponse() takes from its source only as its reader reads", async () => {
  let taken = 0;
  const source: EventSource = {
    ended: false,
    read: () => new TextEncoder().encode(`data: ${taken++}\n\n`),
    wait: () => Promise.resolve(true),
  };
  const reader = new FrameReader(await open(source));
  for (let n = 0; n < 50; n++) {
    assert.equal(await reader.block(), `data: ${n}`);
    assert.ok(taken <= n + 8, `${taken} taken for ${n + 1} read`);
  }
  await reader.cancel();
});

Deno.test("eventStreamResponse() cuts the stream of a token that is revoked, in the middle or before its begin", async () => {
  const revoked = new Set<() => void>();
  const source = new SteppedSource();
  let closed = 0;
  const app = new Hono();
  app.use(async (c, next) => {
    c.set("caller", {
      role: "infer",
      tokenId: "token-1",
      onRevoked: (listener) => {
        revoked.add(listener);
        return () => void revoked.delete(listener);
      },
    });
    await next();
  });
  app.get("/", (c) => eventStreamResponse(c, source, { onClose: () => void closed++ }));
  source.push("data: 1\n\n");
  const reader = new FrameReader(await app.request("/"));
  assert.equal(await reader.block(), "data: 1");
  for (const listener of revoked) listener();
  await assert.rejects(reader.block(), /revoked/);
  assert.equal(closed, 1);

  source.end();
  assert.equal(await (await app.request("/")).text(), "");
  assert.equal(revoked.size, 1, "a stream that has ended listens no more");
});
