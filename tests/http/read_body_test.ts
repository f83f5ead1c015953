import assert from "node:assert/strict";
import { listen } from "../../src/http/listen.ts";
import { readBody } from "../../src/http/read_body.ts";
import { bodyOf, bytesOf } from "../helpers/bytes.ts";
import { collectGarbage } from "../helpers/collect_garbage.ts";

const never = () => new AbortController().signal;

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(
    new Uint8Array(
      (await Array.fromAsync(body)).flatMap((bytes) => [...bytes]),
    ),
  );
}

/** A server whose answers begin with `a` and do not end; it tells when an answer is cancelled. */
function serveEndless() {
  const cancelled = Promise.withResolvers<void>();
  const listener = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(bytesOf("a")),
          cancel: () => cancelled.resolve(),
        }),
      ),
  });
  return {
    url: listener.url,
    cancelled: cancelled.promise,
    [Symbol.asyncDispose]: () => listener.close({ drainMs: 1 }),
  };
}

Deno.test("readBody() gives a body piece by piece and ends with it", async () => {
  const { body, cancelled } = bodyOf([bytesOf("a"), bytesOf("bc")]);
  assert.equal(await textOf(readBody(body, never())), "abc");
  assert.equal(cancelled(), false);
});

Deno.test("readBody() ends with the reason of the signal, and closes the connection", async () => {
  await using server = serveEndless();
  const abort = new AbortController();
  const reason = new Error("enough");
  const response = await fetch(server.url);
  const pieces = readBody(response.body!, abort.signal);
  await pieces.next();
  const next = pieces.next();
  abort.abort(reason);
  await assert.rejects(next, reason);
  await server.cancelled;
});

Deno.test("readBody() ends with the reason of a signal that fetch had, also after a garbage collection", async () => {
  await using server = serveEndless();
  const abort = new AbortController();
  const reason = new Error("enough");
  const response = await fetch(server.url, { signal: abort.signal });
  const pieces = readBody(response.body!, abort.signal);
  await pieces.next();
  const next = pieces.next();
  collectGarbage();
  abort.abort(reason);
  await assert.rejects(next, reason);
  await server.cancelled;
});

Deno.test("readBody() reads nothing when the signal has aborted already", async () => {
  const { body, cancelled } = bodyOf([bytesOf("a")]);
  const reason = new Error("enough");
  await assert.rejects(textOf(readBody(body, AbortSignal.abort(reason))), reason);
  assert.equal(cancelled(), true);
});

Deno.test("readBody() gives no piece that comes after the signal has aborted", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  const { body } = bodyOf([bytesOf("a"), bytesOf("b"), bytesOf("c")]);
  const seen: Uint8Array[] = [];
  const reading = (async () => {
    for await (const piece of readBody(body, abort.signal)) {
      seen.push(piece);
      abort.abort(reason);
    }
  })();
  await assert.rejects(reading, reason);
  assert.deepEqual(seen, [bytesOf("a")]);
});

Deno.test("readBody() cancels the body when its reader stops early", async () => {
  const { body, cancelled } = bodyOf([bytesOf("a"), bytesOf("b"), bytesOf("c")]);
  for await (const _ of readBody(body, never())) break;
  assert.equal(cancelled(), true);
});

Deno.test("readBody() fails as the body fails", async () => {
  const lost = new TypeError("reset");
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.error(lost),
  });
  await assert.rejects(textOf(readBody(body, never())), lost);
});
