import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { listen } from "../../src/http/listen.ts";
import { readText } from "../../src/http/read_text.ts";

const url = "http://127.0.0.1:1/x";
const signal = new AbortController().signal;

Deno.test("readText() reads what is as long as the limit, and refuses what is longer by a byte", async () => {
  assert.equal(await readText(new Response("b\u00e9e"), { url, signal, maxBytes: 4 }), "b\u00e9e");
  assert.equal(await readText(new Response(null), { url, signal }), "");
  await assert.rejects(readText(new Response("bees!"), { url, signal, maxBytes: 4 }), {
    code: "bad_answer",
    message: /^http:\/\/127\.0\.0\.1:1\/x answers with more than 0 KiB, which is too long; /,
  });
});

Deno.test("readText() joins what is cut within a character, and keeps a mark at the begin of a piece", async () => {
  const bytes = new TextEncoder().encode("a\ufeffb\u{1f41d}");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  assert.equal(await readText(new Response(body), { url, signal }), "a\ufeffb\u{1f41d}");
});

Deno.test("readText() counts what is compressed as it comes out, and cancels the rest", async () => {
  const packed = new Uint8Array(gzipSync(new Uint8Array(8 * 1024 * 1024)));
  const server = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () => new Response(packed, { headers: { "Content-Encoding": "gzip" } }),
  });
  try {
    const answer = await fetch(server.url);
    await assert.rejects(readText(answer, { url, signal, maxBytes: packed.length * 2 }), {
      code: "bad_answer",
    });
  } finally {
    await server.close({ drainMs: 1 });
  }
});
