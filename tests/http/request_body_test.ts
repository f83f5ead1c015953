import assert from "node:assert/strict";
import { rbeeYamlSchema } from "../../src/config/rbee_yaml.ts";
import { createApp } from "../../src/http/app.ts";
import { HealthState } from "../../src/http/health.ts";
import { listen } from "../../src/http/listen.ts";
import { NetworkListener } from "../../src/http/network_listener.ts";
import { MAX_BODY_BYTES, readRequestBody } from "../../src/http/request_body.ts";
import { RequestLimits } from "../../src/http/request_limits.ts";
import { INSTANCE } from "../helpers/test_role.ts";
import { LimitedRole } from "../helpers/limited_role.ts";
import { rawConnect, rawExchange, readUntil, writeAll } from "../helpers/raw_http.ts";

const HEAD = "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" +
  "Authorization: Bearer own\r\n";

/** Sends the begin of a request and gives its answer, which must be an error. */
async function sendPart(url: string, rest: string): Promise<string> {
  using conn = await rawConnect(url);
  await writeAll(conn, HEAD + rest);
  return await readUntil(conn, "}}");
}

Deno.test("a body that never comes to its end is answered with 408, and asks for its connection to be closed", async () => {
  await using role = new LimitedRole({ body_time: "50ms" });
  for (
    const length of ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"]
  ) {
    using conn = await rawConnect(role.role.url);
    await writeAll(conn, HEAD + length);
    const answer = await readUntil(conn, "}}");
    assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.match(answer, /\r\nconnection: close\r\n/i);
    assert.match(answer, /"code":"body_too_slow"/);
    assert.match(answer, /The body had not come whole after [\d.]+ s; send it faster/);
  }
  assert.equal(role.limits.refusals.totals.get("body_too_slow"), 2);
  assert.equal(role.role.server.registry.list().length, 0);
});

Deno.test("a body of which nothing comes at all is answered with 408 too", async () => {
  await using role = new LimitedRole({ body_time: "50ms" });
  for (const length of ["Content-Length: 100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"]) {
    assert.match(await sendPart(role.role.url, length), /^HTTP\/1\.1 408 /);
  }
});

Deno.test("a body that comes byte by byte is answered with 408, one that brings enough has more time", async () => {
  await using role = new LimitedRole({ body_time: "50ms" });
  const { url } = role.role;
  using slow = await rawConnect(url);
  await writeAll(slow, `${HEAD}Content-Length: 1000000\r\n\r\n`);
  const answer = readUntil(slow, "body_too_slow");
  let isAnswered = false;
  const dripping = (async () => {
    while (!isAnswered) {
      await writeAll(slow, " ");
      await (await fetch(`${url}/health`)).body?.cancel();
    }
  })();
  assert.match(await answer, /^HTTP\/1\.1 408 /);
  isAnswered = true;
  await dripping;

  // 1 MiB is 64 s at the least rate.
  using enough = await rawConnect(url);
  const body = `{"operation":"nothing"${" ".repeat(1_048_576)}}`;
  await writeAll(enough, `${HEAD}Content-Length: ${body.length}\r\n\r\n${body.slice(0, -1)}`);
  const late = await sendPart(url, "Content-Length: 100\r\n\r\n{");
  assert.match(late, /^HTTP\/1\.1 408 /, "the time without it has passed");
  await writeAll(enough, "}");
  assert.match(await readUntil(enough, "unknown_operation"), /^HTTP\/1\.1 400 /);
});

Deno.test("a body without a limit of time may take its time", async () => {
  await using role = new LimitedRole({ body_time: 0 });
  using patient = await rawConnect(role.role.url);
  await writeAll(patient, `${HEAD}Content-Length: 2\r\n\r\n{`);
  await using other = new LimitedRole({ body_time: "50ms" });
  assert.match(await sendPart(other.role.url, "Content-Length: 2\r\n\r\n{"), / 408 /);
  await writeAll(patient, "}");
  assert.match(await readUntil(patient, '"operation\\"'), /^HTTP\/1\.1 400 /);
});

Deno.test("a connection that breaks in the middle of a body leaves nothing behind", async () => {
  await using role = new LimitedRole({ infer: { streams: 1 } });
  const conn = await rawConnect(role.role.url);
  await writeAll(conn, `${HEAD}Content-Length: 100\r\n\r\n{`);
  conn.close();
  const answer = await role.send("own", "POST", "/v1/jobs", { body: {} });
  assert.equal(answer.status, 400);
  await answer.body?.cancel();
});

Deno.test("a body whose token is revoked while it comes is refused, and makes no job", async () => {
  const known = new Set(["token-a"]);
  const arrived = Promise.withResolvers<void>();
  const app = createApp({
    health: new HealthState("queen", INSTANCE),
    requestShutdown: () => {},
    access: {
      required: true,
      tokens: {
        find: () => {
          arrived.resolve();
          return { id: "token-a", role: "admin" };
        },
        has: (id) => known.has(id),
      },
    },
  });
  app.post("/v1/echo", async (c) => c.body(await readRequestBody(c)));
  const handler = (request: Request) => app.fetch(request);
  const listener = listen({ host: "127.0.0.1", port: 0, handler });
  using conn = await rawConnect(listener.url);
  await writeAll(
    conn,
    "POST /v1/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer rbee_x\r\nContent-Length: 2\r\n\r\n{",
  );
  await arrived.promise;
  known.clear();
  await writeAll(conn, "}");
  assert.match(await readUntil(conn, "unauthorized"), /^HTTP\/1\.1 401 /);
  await listener.close();
});

Deno.test("a body that says it is too large is answered with 413 before it is read", async () => {
  await using role = new LimitedRole();
  using conn = await rawConnect(role.role.url);
  await writeAll(conn, `${HEAD}Content-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`);
  assert.match(await readUntil(conn, "body_too_large"), /^HTTP\/1\.1 413 /);
});

Deno.test("a chunked body is answered with 413 as soon as it is too large, not at its end", async () => {
  await using role = new LimitedRole();
  using conn = await rawConnect(role.role.url);
  await writeAll(conn, `${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  const answer = readUntil(conn, "body_too_large");
  await writeAll(conn, `${(MAX_BODY_BYTES + 1).toString(16)}\r\n${" ".repeat(MAX_BODY_BYTES + 1)}`);
  assert.match(await answer, /^HTTP\/1\.1 413 /);
  assert.equal(role.limits.refusals.totals.get("body_too_large"), 1);
});

Deno.test("readRequestBody() gives a body as it was sent, whole or in chunks", async () => {
  const app = createApp({
    health: new HealthState("hive", INSTANCE),
    requestShutdown: () => {},
  });
  app.post("/v1/echo", async (c) => c.body(await readRequestBody(c)));
  const listener = listen({
    host: "127.0.0.1",
    port: 0,
    handler: (request, way) => app.fetch(request, way),
  });
  try {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const chunks = () => ReadableStream.from([bytes.slice(0, 7), bytes.slice(7)]);
    for (const body of [bytes, chunks(), new Uint8Array()]) {
      const answer = await fetch(`${listener.url}/v1/echo`, { method: "POST", body });
      const expected = body instanceof Uint8Array ? body : bytes;
      assert.deepEqual(await answer.bytes(), expected);
    }
  } finally {
    await listener.close();
  }
});

Deno.test("where others listen, a slow body is answered with 408 and its connection closed, and a flood counted by its address", async () => {
  using limits = new RequestLimits(
    rbeeYamlSchema.parse({
      limits: { body_time: "50ms", refused: { requests_per_second: 0.001, burst: 2 } },
    }).limits,
    { holdMs: 1 },
  );
  const app = createApp({
    health: new HealthState("hive", INSTANCE),
    limits,
    access: { required: true, token: "own" },
    requestShutdown: () => {},
  });
  app.post("/v1/jobs", async (c) => c.body(await readRequestBody(c)));
  const network = await NetworkListener.open({ host: "127.0.0.1", port: 0 });
  const listener = network.serve((request, way) => app.fetch(request, way));
  try {
    for (
      const rest of ["Content-Length: 9\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"]
    ) {
      const answer = await rawExchange(listener.url, HEAD + rest);
      assert.match(answer, /^HTTP\/1\.1 408 /);
      assert.match(answer, /"code":"body_too_slow"/);
    }
    const whole = await rawExchange(
      listener.url,
      `${HEAD}Connection: close\r\nContent-Length: 2\r\n\r\n{}`,
    );
    assert.match(whole, /^HTTP\/1\.1 200 [^]*\{\}/);
    const statuses: number[] = [];
    for (const token of ["x", "x", "x", "own"]) {
      const headers = { Authorization: `Bearer ${token}` };
      const answer = await fetch(`${listener.url}/v1/nothing`, { headers });
      statuses.push(answer.status);
      await answer.body?.cancel();
    }
    assert.deepEqual(statuses, [401, 401, 429, 404]);
  } finally {
    await listener.close();
  }
});
