import { Hono } from "hono";
import { etag } from "hono/etag";
import assert from "node:assert/strict";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { staticAnswer, StaticFile } from "../../src/http/static_file.ts";

const TEXT = "bees ".repeat(1000);
const FILE = new StaticFile(new TextEncoder().encode(TEXT), { type: "text/plain" });

function ask(headers: Record<string, string> = {}, method = "GET") {
  const app = new Hono();
  app.get("/", etag(), (c) => staticAnswer(c, FILE));
  return app.request("/", { headers, method });
}

for (
  const [accepted, coding] of [
    [undefined, null],
    ["", null],
    ["gzip, deflate, br, zstd", "br"],
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["gzip;q=0.9, br;q=0.1", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["*", "br"],
    ["*;q=0.5, br;q=0", "gzip"],
    ["identity, br;q=0.5", null],
    ["identity;q=0.1, br;q=0.5", "br"],
    ["gzip;q=0, br;q=0", null],
    ["identity;q=0", null],
    ["deflate", null],
    [",;q=,,", null],
  ] as const
) {
  Deno.test(`Accept-Encoding: ${accepted ?? "none"} gets ${coding ?? "the file as it is"}`, async () => {
    const answer = await ask(accepted === undefined ? {} : { "Accept-Encoding": accepted });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-encoding"), coding);
    assert.equal(answer.headers.get("vary"), "Accept-Encoding");
    const bytes = new Uint8Array(await answer.arrayBuffer());
    assert.equal(answer.headers.get("content-length"), String(bytes.length));
    const decode = { br: brotliDecompressSync, gzip: gunzipSync };
    const plain = coding === null ? bytes : decode[coding](bytes);
    assert.equal(new TextDecoder().decode(plain), TEXT);
  });
}

Deno.test("a file has another ETag in each encoding, and the same for the same bytes", async () => {
  const tags = await Promise.all(
    ["br", "gzip", "identity"].map(async (coding) =>
      (await ask({ "Accept-Encoding": coding })).headers.get("etag")
    ),
  );
  assert.equal(new Set(tags).size, 3);
  for (const tag of tags) assert.match(tag!, /^"[0-9a-f]{32}(-br|-gzip)?"$/);
  const same = new StaticFile(FILE.bytes.slice(), { type: "text/html" });
  const other = new StaticFile(FILE.bytes.slice(1), { type: "text/plain" });
  assert.equal(same.etagIn("br"), FILE.etagIn("br"));
  assert.notEqual(other.etagIn("br"), FILE.etagIn("br"));
});

Deno.test("who has the file is told 304 without it, and who has another gets it", async () => {
  const tag = FILE.etagIn("br");
  for (const known of [tag, `W/${tag}`, `"x", ${tag}`, "*"]) {
    const answer = await ask({ "Accept-Encoding": "br", "If-None-Match": known });
    assert.equal(answer.status, 304, known);
    assert.equal(await answer.text(), "");
    const { headers } = answer;
    assert.deepEqual([headers.get("etag"), headers.get("cache-control")], [tag, "no-cache"]);
    assert.equal(headers.get("content-length"), null);
  }
  for (const known of ['"x"', FILE.etagIn("gzip"), tag.slice(1, -1)]) {
    const answer = await ask({ "Accept-Encoding": "br", "If-None-Match": known });
    assert.equal(answer.status, 200, known);
    await answer.body?.cancel();
  }
});

Deno.test("HEAD tells what GET would, without the file", async () => {
  const answer = await ask({ "Accept-Encoding": "gzip" }, "HEAD");
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), "");
  assert.equal(answer.headers.get("content-length"), String((await FILE.in("gzip")).length));
});

Deno.test("each encoding is made once, however many ask at once", async () => {
  const [first, second] = await Promise.all([FILE.in("br"), FILE.in("br")]);
  assert.equal(first, second);
});
