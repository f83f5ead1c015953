import assert from "node:assert/strict";
import { basename } from "node:path";
import { healthSchema } from "../../src/contracts/health.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { FrameReader, parseFrames } from "../helpers/event_frames.ts";
import { logEvents } from "../helpers/log_events.ts";
import { rawConnect, rawExchange, readUntil, writeAll } from "../helpers/raw_http.ts";
import { startTestRole, type TestRole } from "../helpers/test_role.ts";

const HOLD = { operation: "hold", gate: "g" };
const NO_HANDLERS = { role: "hive", host: "127.0.0.1", handlers: {} } as const;

async function submit(role: TestRole, body: Record<string, unknown>): Promise<string> {
  const { job_id } = await role.client.submit(body as { operation: string });
  return job_id;
}

async function get(url: string, init: RequestInit = {}) {
  const response = await fetch(url, init);
  return { status: response.status, body: await response.json() };
}

Deno.test("startRoleServer() says starting until the role sets its status", async () => {
  const server = startRoleServer({ ...NO_HANDLERS, port: 0 });
  try {
    const starting = await get(`${server.url}/health`);
    assert.equal(starting.status, 503);
    assert.equal(healthSchema.parse(starting.body).status, "starting");
    server.health.status = "ok";
    const ok = await get(`${server.url}/health`);
    assert.equal(ok.status, 200);
    const health = healthSchema.parse(ok.body);
    assert.equal(health.status, "ok");
    assert.equal(health.role, "hive");
    assert.equal(health.instance, server.health.instance);
  } finally {
    await server.close();
  }
});

Deno.test("startRoleServer() on port 0 tells the port that was bound", async () => {
  const one = startRoleServer({ ...NO_HANDLERS, port: 0 });
  const two = startRoleServer({ ...NO_HANDLERS, port: 0 });
  try {
    assert.match(one.url, /^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
    assert.notEqual(one.url, two.url);
    assert.notEqual(one.health.instance, two.health.instance);
  } finally {
    await one.close();
    await two.close();
  }
});

Deno.test("startRoleServer() on a taken port names the port, who has it and the way out", async () => {
  await using role = startTestRole();
  const port = Number(new URL(role.url).port);
  assert.throws(() => startRoleServer({ ...NO_HANDLERS, port }), {
    name: "RbeeError",
    code: "port_in_use",
    message: `Port ${port} on 127.0.0.1 is taken by ${
      basename(Deno.execPath())
    } (process ${Deno.pid}); choose another with --port (0 for any free one)`,
    details: { port, pid: Deno.pid },
  });
});

Deno.test("startRoleServer() serves the routes that the role adds", async () => {
  const server = startRoleServer({
    ...NO_HANDLERS,
    port: 0,
    routes: (app) => void app.get("/v1/extra", (c) => c.json({ extra: true })),
  });
  try {
    assert.deepEqual(await get(`${server.url}/v1/extra`), { status: 200, body: { extra: true } });
    assert.equal((await get(`${server.url}/v1/other`)).status, 404);
  } finally {
    await server.close();
  }
});

Deno.test("startRoleServer() answers to the host names that it is given and to no other", async () => {
  const server = startRoleServer({ ...NO_HANDLERS, port: 0, names: () => ["bees.lan"] });
  const statusFor = async (host: string) => {
    const answer = await rawExchange(
      server.url,
      `GET /v1/jobs HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    return Number(answer.split(" ")[1]);
  };
  try {
    assert.equal(await statusFor("bees.lan:7835"), 200);
    assert.equal(await statusFor("BEES.LAN"), 200);
    assert.equal(await statusFor("localhost:1"), 200);
    assert.equal(await statusFor("wasps.lan:7835"), 403);
    assert.equal(await statusFor("127.0.0.1.rebind.example"), 403);
  } finally {
    await server.close();
  }
});

Deno.test("POST /v1/shutdown answers 202 and tells the role", async () => {
  await using role = startTestRole();
  const answer = await get(`${role.url}/v1/shutdown`, { method: "POST" });
  assert.deepEqual(answer, { status: 202, body: { status: "stopping" } });
  await role.server.shutdownRequested;
});

Deno.test("RoleServer.drain() refuses new jobs with 503 and says stopping", async () => {
  await using role = startTestRole();
  const id = await submit(role, HOLD);
  const draining = role.server.drain({ graceMs: 60_000 });
  const health = await get(`${role.url}/health`);
  assert.equal(health.status, 503);
  assert.equal(health.body.status, "stopping");
  await assert.rejects(role.client.submit(HOLD), { code: "shutting_down" });
  assert.equal((await role.client.get(id)).state, "running");
  role.gates.open("g");
  await draining;
  assert.equal((await role.client.get(id)).state, "done");
});

Deno.test("RoleServer.drain() cancels what still runs after the grace period", async () => {
  await using role = startTestRole();
  const id = await submit(role, { ...HOLD, cleanup: "c" });
  const draining = role.server.drain({ graceMs: 1 });
  await role.gates.reached("c");
  assert.equal((await role.client.get(id)).state, "running");
  role.gates.open("c");
  await draining;
  const last = logEvents(role.server.registry.get(id).log).at(-1);
  assert.ok(last?.type === "cancelled");
  assert.equal(last.reason, "the hive is stopping");
});

Deno.test("RoleServer.drain() with nothing to wait for returns at once", async () => {
  await using role = startTestRole();
  await role.server.drain({ graceMs: 60_000 });
  assert.equal(role.server.health.status, "stopping");
});

Deno.test("The stream's bytes over a socket are those of the contract", async () => {
  await using role = startTestRole();
  const id = await submit(role, { operation: "story", words: ["a"] });
  const { hostname, port } = new URL(role.url);
  const answer = await rawExchange(
    role.url,
    `GET /v1/jobs/${id}/stream HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`,
  );
  const [head = ""] = answer.split("\r\n\r\n", 1);
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, /\r\ncontent-type: text\/event-stream; charset=utf-8(\r\n|$)/i);
  assert.match(head, /\r\ncache-control: no-store(\r\n|$)/i);
  assert.match(head, /\r\nx-accel-buffering: no(\r\n|$)/i);
  assert.doesNotMatch(head, /content-encoding/i);
  assert.match(answer, /retry: 1000\n\n(\r\n[0-9a-f]+\r\n)?id: 1\nevent: narration\ndata: \{/);
  assert.match(answer, /id: 4\nevent: done\ndata: \{"seq":4,[^\n]+\}\n\n\r\n0\r\n\r\n$/);
});

Deno.test("The plain dialect over a socket goes on after an event that has no plain form", async () => {
  await using role = startTestRole();
  const id = await submit(role, { operation: "whisper", secret: "honey", gate: "g" });
  const job = role.server.registry.get(id);
  const reader = new FrameReader(await fetch(`${role.url}/v1/jobs/${id}/stream?format=text`));
  await reader.frame();
  job.log.append({ type: "data", name: "silent", value: 1 });
  role.gates.open("g 1");
  role.gates.open("g 2");
  const texts = (await reader.rest()).map((frame) => frame.data);
  assert.deepEqual(texts.slice(1), ["honey", "[DONE]"]);
});

Deno.test("A reader whose connection breaks is no longer counted, and the job can be read again", async () => {
  await using role = startTestRole();
  const id = newJobId();
  const { host } = new URL(role.url);
  const conn = await rawConnect(role.url);
  // It has a reader from its begin.
  const asked = JSON.stringify({ ...HOLD, job_id: id, cleanup: "c", unwatched_limit_ms: 500 });
  const type = `Content-Type: application/json\r\nContent-Length: ${asked.length}`;
  await writeAll(
    conn,
    `POST /v1/jobs?stream=true HTTP/1.1\r\nHost: ${host}\r\n${type}\r\n\r\n${asked}`,
  );
  await readUntil(conn, "Waiting at g");
  const job = role.server.registry.get(id);
  const probe = await submit(role, { ...HOLD, unwatched_limit_ms: 500 });
  await role.server.registry.get(probe).ended;
  assert.equal(job.signal.aborted, false);
  conn.close();
  await role.gates.reached("c");
  role.gates.open("c");
  await job.ended;
  assert.equal(job.state, "cancelled");
  const frames = parseFrames(await (await fetch(`${role.url}/v1/jobs/${id}/stream`)).text());
  assert.deepEqual(frames.map((frame) => frame.event), ["narration", "narration", "cancelled"]);
});

Deno.test("A reader whose connection breaks does not stop the job", async () => {
  await using role = startTestRole();
  const id = await submit(role, HOLD);
  const { host } = new URL(role.url);
  const conn = await rawConnect(role.url);
  await writeAll(conn, `GET /v1/jobs/${id}/stream HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await readUntil(conn, "Waiting at g");
  conn.close();
  role.gates.open("g");
  await role.server.registry.get(id).ended;
  assert.equal((await role.client.get(id)).state, "done");
});

Deno.test("A reader that never reads holds up neither the job nor other readers", async () => {
  await using role = startTestRole();
  const id = await submit(role, { operation: "flood", lines: 300, length: 65_000 });
  const { host } = new URL(role.url);
  using conn = await rawConnect(role.url);
  await writeAll(conn, `GET /v1/jobs/${id}/stream HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await readUntil(conn, "retry: 1000");
  const other = fetch(`${role.url}/v1/jobs/${id}/stream`).then((response) => response.text());
  role.gates.open("flood");
  await role.server.registry.get(id).ended;
  assert.equal(parseFrames(await other).at(-1)?.event, "done");
  assert.equal((await role.client.get(id)).state, "done");
});

Deno.test("A body over 8 MiB is refused over a socket, with and without its length", async () => {
  await using role = startTestRole();
  const { host } = new URL(role.url);
  const head = `POST /v1/jobs HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`;
  for (const length of ["Content-Length: 8388609\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"]) {
    using conn = await rawConnect(role.url);
    await writeAll(conn, head + length);
    const answer = readUntil(conn, "body_too_large");
    if (length.startsWith("Transfer")) {
      await writeAll(conn, `800001\r\n${" ".repeat(0x800001)}\r\n0\r\n\r\n`);
    }
    assert.match(await answer, /^HTTP\/1\.1 413 /);
  }
});

Deno.test("A page of another site, or of another local port, is refused over a socket", async () => {
  await using role = startTestRole();
  const { host } = new URL(role.url);
  const body = JSON.stringify({ operation: "story", words: [] });
  for (
    const [origin, status] of [
      ["https://evil.example", 403],
      ["http://127.0.0.1:1", 403],
      ["null", 403],
      [`http://${host}`, 202],
    ] as const
  ) {
    const answer = await rawExchange(
      role.url,
      `POST /v1/jobs HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nConnection: close\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), `${origin}: ${answer.slice(0, 40)}`);
  }
  assert.equal(role.server.registry.list().length, 1);
});

Deno.test("RoleServer.close() ends streams that are still open", async () => {
  const role = startTestRole();
  const id = await submit(role, HOLD);
  const reader = new FrameReader(await fetch(`${role.url}/v1/jobs/${id}/stream`));
  await reader.frame();
  const rest = reader.rest();
  await role[Symbol.asyncDispose]();
  assert.equal((await rest).at(-1)?.event, "cancelled");
  await assert.rejects(fetch(`${role.url}/health`), TypeError);
});

Deno.test("An unknown job over a socket is 404 with the one form of errors", async () => {
  await using role = startTestRole();
  const id = newJobId();
  assert.deepEqual(await get(`${role.url}/v1/jobs/${id}`), {
    status: 404,
    body: {
      error: {
        code: "job_not_found",
        message: `Cannot find job "${id}"; rbee job list shows those that are known`,
        type: "invalid_request_error",
      },
    },
  });
});
