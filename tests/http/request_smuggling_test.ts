import assert from "node:assert/strict";
import { listen, type ListenOptions } from "../../src/http/listen.ts";
import { NetworkListener } from "../../src/http/network_listener.ts";
import { rawConnect, writeAll } from "../helpers/raw_http.ts";

const HEAD = "Host: 127.0.0.1\r\n";
const SECOND = `GET /second HTTP/1.1\r\n${HEAD}\r\n`;

/** Requests that two programs could understand in two ways, each with a second one behind or in it. */
const SHAPES: Record<string, string> = {
  "two lengths":
    `POST / HTTP/1.1\r\n${HEAD}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${SECOND}`,
  "two lengths in one header": `POST / HTTP/1.1\r\n${HEAD}Content-Length: 0, 44\r\n\r\n${SECOND}`,
  "a length with a sign": `POST / HTTP/1.1\r\n${HEAD}Content-Length: +0\r\n\r\n${SECOND}`,
  "a length and chunks":
    `POST / HTTP/1.1\r\n${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`,
  "chunks and a length":
    `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${SECOND}`,
  "a coding that is none":
    `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SECOND}`,
  "chunks that are not the last coding":
    `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SECOND}`,
  "a header in two lines":
    `GET / HTTP/1.1\r\n${HEAD}X-A: b\r\n Content-Length: 44\r\n\r\n${SECOND}`,
  "a space before the colon": `POST / HTTP/1.1\r\n${HEAD}Content-Length : 44\r\n\r\n${SECOND}`,
  "a zero byte in a header": `GET / HTTP/1.1\r\n${HEAD}X-A: b\0c\r\n\r\n${SECOND}`,
  "a carriage return alone in a header":
    `GET / HTTP/1.1\r\n${HEAD}X-A: b\rContent-Length: 44\r\n\r\n${SECOND}`,
  "a chunk whose size is no number":
    `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n0\r\n\r\n${SECOND}`,
  "a chunk larger than there is":
    `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n${SECOND}`,
  "a chunk longer than it says":
    `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n${SECOND}`,
  "a method that is none": `GE T / HTTP/1.1\r\n${HEAD}\r\n${SECOND}`,
};

for (const kind of ["loopback", "network"] as const) {
  for (const [name, sent] of Object.entries(SHAPES)) {
    Deno.test(`The ${kind} listener refuses ${name}, and lets nothing in behind it`, async () => {
      await using server = await serving(kind);
      const answer = await untilClosed(server.url, sent);
      assert.ok(!server.asked.includes("/second"), `asked ${server.asked}: ${answer}`);
      // Deno's own server gives no answer where it has begun to hand the body on.
      assert.match(answer, /^(HTTP\/1\.1 400 [^]*)?$/);
      assert.equal(answer.match(/HTTP\/1\.1 /g)?.length ?? 0, answer === "" ? 0 : 1);
    });
  }

  Deno.test(`The ${kind} listener answers what stands behind a whole body, and not what stands in it`, async () => {
    await using server = await serving(kind);
    const body = SECOND;
    const sent = `POST /first HTTP/1.1\r\n${HEAD}Content-Length: ${body.length}\r\n\r\n${body}` +
      `GET /third HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`;
    const answer = await untilClosed(server.url, sent);
    assert.deepEqual(server.asked, ["/first", "/third"], answer);
  });

  Deno.test(`The ${kind} listener takes a refused body for no request`, async () => {
    await using server = await serving(kind);
    // Longer than any buffer, so that it is still on its way when it is refused.
    const body = SECOND.repeat(50_000);
    const sent = `POST /refused HTTP/1.1\r\n${HEAD}Content-Length: ${body.length}\r\n\r\n${body}` +
      `GET /third HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`;
    await untilClosed(server.url, sent);
    assert.ok(!server.asked.includes("/second"), `asked ${server.asked}`);
  });
}

Deno.test("The network listener refuses a line feed alone, two hosts, and an address with a host in it", async () => {
  await using server = await serving("network");
  for (
    const sent of [
      "GET / HTTP/1.1\nHost: 127.0.0.1\n\n",
      `GET / HTTP/1.1\r\n${HEAD}Host: evil.example\r\n\r\n`,
      `GET http://evil.example/ HTTP/1.1\r\n${HEAD}\r\n`,
      "GET / HTTP/1.1\r\n\r\n",
      `TRACE / HTTP/1.1\r\n${HEAD}\r\n`,
    ]
  ) {
    assert.match(await untilClosed(server.url, sent), /^HTTP\/1\.1 400 /, sent);
  }
  assert.equal(await untilClosed(server.url, `CONNECT a:1 HTTP/1.1\r\n${HEAD}\r\n`), "");
  assert.deepEqual(server.asked, []);
});

/** A listener that keeps the paths it is asked for, and reads all bodies but that of `/refused`. */
async function serving(kind: "loopback" | "network") {
  const asked: string[] = [];
  const handler: ListenOptions["handler"] = async (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    if (pathname === "/refused") return new Response("refused", { status: 413 });
    // One that breaks off while it is read is what some of the shapes are about.
    const body = await request.text().catch((error: Error) => error.name);
    return new Response(`${body.length}`);
  };
  const where = { host: "127.0.0.1", port: 0 };
  const listener = kind === "loopback"
    ? listen({ ...where, handler })
    : (await NetworkListener.open(where)).serve(handler);
  return {
    url: listener.url,
    asked,
    [Symbol.asyncDispose]: () => listener.close({ drainMs: 0 }),
  };
}

/** Sends and reads until the connection is closed, in whichever way. */
async function untilClosed(url: string, sent: string): Promise<string> {
  using conn = await rawConnect(url);
  // Refused, it may be closed before all is sent.
  const sending = writeAll(conn, sent).catch((error: Error) => error.name);
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let all = "";
  for (;;) {
    const count = await conn.read(buffer).catch(() => null);
    if (count === null) break;
    all += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  await sending;
  return all;
}
