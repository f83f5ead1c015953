import assert from "node:assert/strict";
import OpenAI from "openai";
import { rbeeYamlSchema } from "../../src/config/rbee_yaml.ts";
import { createApp } from "../../src/http/app.ts";
import { HealthState } from "../../src/http/health.ts";
import { RequestLimits } from "../../src/http/request_limits.ts";
import { LimitedRole, refusalOf } from "../helpers/limited_role.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { rawConnect, readUntil, writeAll } from "../helpers/raw_http.ts";
import { INSTANCE } from "../helpers/test_role.ts";

const SLOW = { requests_per_second: 2, burst: 3 };

async function statuses(role: LimitedRole, token: string | undefined, count: number) {
  const found: number[] = [];
  for (let n = 0; n < count; n++) {
    const answer = await role.send(token, "GET", "/v1/models");
    await answer.body?.cancel();
    found.push(answer.status);
  }
  return found;
}

/** Asks again and again until no stream of a token is counted. */
async function noStreams(role: LimitedRole, tokenId: string): Promise<void> {
  while (role.limits.openStreams(tokenId) > 0) {
    await (await role.send(undefined, "GET", "/health")).body?.cancel();
  }
}

Deno.test("a token that asks too often in a second is refused with 429 until there is one again", async () => {
  await using role = new LimitedRole({ infer: SLOW });
  assert.deepEqual(await statuses(role, "rbee_ann", 3), [200, 200, 200]);
  const refusal = await refusalOf(await role.send("rbee_ann", "GET", "/v1/models"));
  assert.deepEqual(refusal, {
    status: 429,
    code: "rate_limit_exceeded",
    type: "rate_limit_error",
    after: "1",
    message: "This token may send 2 requests a second, 3 at once; ask again in 1 s",
  });
  role.nowMs += 500;
  assert.deepEqual(await statuses(role, "rbee_ann", 2), [200, 429]);
});

Deno.test("what a token sends too often is refused before it is looked at: unknown paths, what it may not use, bad JSON", async () => {
  await using role = new LimitedRole({ infer: { ...SLOW, burst: 1 } });
  assert.deepEqual(await statuses(role, "rbee_ann", 1), [200]);
  for (
    const [method, path, body] of [
      ["GET", "/nothing", undefined],
      ["POST", "/v1/shutdown", undefined],
      ["POST", "/v1/jobs", "{"],
      ["POST", "/v1/jobs", "x".repeat(9 * 1024 * 1024)],
    ] as const
  ) {
    const answer = await role.send("rbee_ann", method, path, body === undefined ? {} : { body });
    assert.equal((await refusalOf(answer)).code, "rate_limit_exceeded", path);
  }
  assert.equal(role.limits.refusals.totals.get("rate_limit_exceeded"), 4);
});

Deno.test("two tokens do not affect each other, nor does the one of the role itself, nor one of the role admin", async () => {
  await using role = new LimitedRole({ infer: SLOW });
  assert.deepEqual((await statuses(role, "rbee_ann", 5)).slice(3), [429, 429]);
  assert.deepEqual(await statuses(role, "rbee_ben", 3), [200, 200, 200]);
  for (const token of ["rbee_boss", "own"]) {
    assert.deepEqual(await statuses(role, token, 150), Array(150).fill(200));
  }
});

Deno.test("who needs no token is without limits", async () => {
  await using role = new LimitedRole({ infer: SLOW, admin: SLOW }, { required: false });
  assert.deepEqual(await statuses(role, undefined, 150), Array(150).fill(200));
  assert.deepEqual(await statuses(role, "sk-unused", 150), Array(150).fill(200));
});

Deno.test("a token has in place of its role's limits what is said by its name", async () => {
  await using role = new LimitedRole({ infer: SLOW, tokens: { ben: { burst: 5 } } });
  assert.deepEqual(await statuses(role, "rbee_ann", 4), [200, 200, 200, 429]);
  assert.deepEqual(await statuses(role, "rbee_ben", 6), [200, 200, 200, 200, 200, 429]);
});

Deno.test("limits that change hold from the next request on, and what is open goes on", async () => {
  await using role = new LimitedRole({ infer: { streams: 2 } });
  const stream = await role.chat("rbee_ann", "gate", { stream: true });
  role.reconfigure({ infer: { streams: 1, requests_per_second: 1, burst: 2 } });
  const refused = await refusalOf(await role.chat("rbee_ann", "gate", { stream: true }));
  assert.equal(refused.code, "too_many_streams");
  assert.equal((await statuses(role, "rbee_ann", 1))[0], 429);
  role.gates.open("gate");
  assert.match(await stream.text(), /\[DONE\]/);
});

Deno.test("a token has so many event streams open at once, on all routes together", async () => {
  await using role = new LimitedRole({ infer: { streams: 2 } });
  const first = await role.chat("rbee_ann", "gate", { stream: true });
  const id = first.headers.get("x-rbee-job-id");
  const second = await role.send("rbee_ann", "GET", `/v1/jobs/${id}/stream`);
  const jobs = role.role.server.registry.list().length;
  for (
    const refused of [
      await role.chat("rbee_ann", "gate", { stream: true }),
      await role.send("rbee_ann", "GET", `/v1/jobs/${id}/stream`),
      await role.send("rbee_ann", "POST", "/v1/jobs?stream=true", {
        body: { operation: "infer", model: "bee-tiny", prompt: "x" },
      }),
    ]
  ) {
    assert.deepEqual(await refusalOf(refused), {
      status: 429,
      code: "too_many_streams",
      type: "rate_limit_error",
      after: "5",
      message:
        "This token has 2 event streams open, as many as it may; close one, or wait until one ends",
    });
  }
  assert.equal(role.role.server.registry.list().length, jobs, "no job was made for them");
  const other = await role.chat("rbee_ben", "gate", { stream: true });
  role.gates.open("gate");
  for (const stream of [first, second, other]) await stream.text();
  await noStreams(role, "token-a");
  const again = await role.chat("rbee_ann", "gate", { stream: true });
  assert.equal(again.status, 200);
  await again.text();
});

Deno.test("a stream is counted no more whichever way it ends: read whole, its client gone, refused, failed, asked for by HEAD", async () => {
  await using role = new LimitedRole({ infer: { streams: 1 } });
  role.gates.open("open");
  const whole = await role.chat("rbee_ann", "open", { stream: true });
  await whole.text();
  await noStreams(role, "token-a");

  const gone = await role.chat("rbee_ann", "shut", { stream: true });
  const job = role.role.jobOf(gone);
  await gone.body?.cancel();
  await job.ended;
  await noStreams(role, "token-a");

  const leaving = new AbortController();
  const { host } = new URL(role.role.url);
  const conn = await rawConnect(role.role.url);
  await writeAll(
    conn,
    `GET /v1/jobs/${job.id}/stream HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer rbee_ann\r\n\r\n`,
  );
  await readUntil(conn, "cancelled");
  conn.close();
  await noStreams(role, "token-a");

  const refused = await role.send("rbee_ann", "POST", "/v1/jobs?stream=true", { body: {} });
  assert.equal(refused.status, 400);
  await refused.body?.cancel();
  await noStreams(role, "token-a");

  const wrong = await role.send("rbee_ann", "GET", `/v1/jobs/${job.id}/stream?after=99`);
  assert.equal(wrong.status, 400);
  await wrong.body?.cancel();
  const unknown = await role.send("rbee_ann", "GET", `/v1/jobs/${newJobId()}/stream`);
  assert.equal(unknown.status, 404);
  await unknown.body?.cancel();
  const head = await role.send("rbee_ann", "HEAD", `/v1/jobs/${job.id}/stream`);
  assert.equal(head.status, 200);
  await noStreams(role, "token-a");

  // Before its answer has begun.
  const waiting = role.chat("rbee_ann", "never", { signal: leaving.signal });
  await role.gates.reached("never");
  leaving.abort();
  await assert.rejects(waiting);
  await noStreams(role, "token-a");
  assert.equal(role.role.server.registry.activeOf("token-b"), 0);
});

Deno.test("a token has so many jobs without an end, by whichever route, and one more when one has ended", async () => {
  await using role = new LimitedRole({ infer: { jobs: 2 } });
  const body = {
    operation: "infer",
    model: "bee-tiny",
    messages: [{ role: "user", content: "g" }],
  };
  const submit = (token: string, more: object = {}) =>
    role.send(token, "POST", "/v1/jobs", { body: { ...body, ...more } });
  const known = newJobId();
  assert.equal((await refusalOf(await submit("rbee_ann", { job_id: known }))).status, 202);
  const answer = role.chat("rbee_ann", "g");
  await role.gates.reached("g");
  while (role.role.asked.length < 2) await statuses(role, "own", 1);
  for (const refused of [await submit("rbee_ann"), await role.chat("rbee_ann", "g")]) {
    assert.deepEqual(await refusalOf(refused), {
      status: 429,
      code: "too_many_jobs",
      type: "rate_limit_error",
      after: "5",
      message:
        "This token has 2 jobs that have not ended, as many as it may; wait until one ends, or cancel one with rbee job cancel",
    });
  }
  const repeated = await submit("rbee_ann", { job_id: known });
  assert.equal(repeated.status, 202, "the same job is no other one");
  await repeated.body?.cancel();
  for (const token of ["rbee_ben", "own", "rbee_boss"]) {
    const taken = await submit(token);
    assert.equal(taken.status, 202);
    await taken.body?.cancel();
  }
  const cancelled = await role.send("rbee_ann", "DELETE", `/v1/jobs/${known}`);
  assert.equal(cancelled.status, 202);
  await cancelled.body?.cancel();
  await role.role.server.registry.get(known).ended;
  assert.equal(role.role.server.registry.activeOf("token-a"), 1);
  role.gates.open("g");
  assert.equal((await refusalOf(await submit("rbee_ann"))).status, 202);
  await (await answer).body?.cancel();
});

Deno.test("a job whose client has gone is counted no more", async () => {
  await using role = new LimitedRole({ infer: { jobs: 1 } });
  const leaving = new AbortController();
  const stream = await role.chat("rbee_ann", "gate", { stream: true, signal: leaving.signal });
  const job = role.role.jobOf(stream);
  assert.equal(role.role.server.registry.activeOf("token-a"), 1);
  leaving.abort();
  await assert.rejects(stream.text());
  await job.ended;
  assert.equal(role.role.server.registry.activeOf("token-a"), 0);
});

Deno.test("an address that shows wrong tokens too often is refused with 429, right ones from there are not", async () => {
  await using role = new LimitedRole({ refused: { requests_per_second: 1, burst: 3 } });
  assert.deepEqual(await statuses(role, "rbee_wrong", 2), [401, 401]);
  assert.deepEqual(await statuses(role, undefined, 1), [401]);
  const answer = await role.send("rbee_wrong", "POST", "/v1/chat/completions", { body: "{" });
  assert.equal(answer.headers.get("www-authenticate"), null);
  assert.deepEqual(await refusalOf(answer), {
    status: 429,
    code: "rate_limit_exceeded",
    type: "rate_limit_error",
    after: "1",
    message: "Too many requests from this address were refused; ask again in 1 s",
  });
  assert.deepEqual(await statuses(role, "rbee_ann", 3), [200, 200, 200]);
  const health = await role.send(undefined, "GET", "/health");
  assert.equal(health.status, 200);
  await health.body?.cancel();
  role.nowMs += 1000;
  assert.deepEqual(await statuses(role, "rbee_wrong", 2), [401, 429]);
  assert.deepEqual([...role.limits.refusals.totals], [
    ["unauthorized", 4],
    ["rate_limit_exceeded", 2],
  ]);
});

Deno.test("pages of other sites that ask too often are refused with 429, the person of the machine is not", async () => {
  const refused = { requests_per_second: 1, burst: 2 };
  await using role = new LimitedRole({ refused }, { required: false });
  const foreign = async () => {
    const headers = { Origin: "https://evil.example" };
    const answer = await fetch(`${role.role.url}/v1/models`, { headers });
    await answer.body?.cancel();
    return answer.status;
  };
  assert.deepEqual([await foreign(), await foreign(), await foreign()], [403, 403, 429]);
  assert.deepEqual(await statuses(role, undefined, 2), [200, 200]);
});

Deno.test("who asks too often for what needs no token is refused with 429, but for this machine itself", async () => {
  const limits = new RequestLimits(
    rbeeYamlSchema.parse({ limits: { refused: { requests_per_second: 1, burst: 2 } } }).limits,
    { holdMs: 1 },
  );
  const health = new HealthState("queen", INSTANCE);
  health.status = "ok";
  const open = { method: "get", tag: "", summary: "", answers: {}, access: "open" } as const;
  const describedRoutes = [{ ...open, path: "/page" }];
  const app = createApp({ health, limits, describedRoutes, requestShutdown: () => {} });
  app.get("/page", (c) => c.text("bees"));
  const ask = async (peer: string, path = "/health") => {
    const sent = new Promise<void>(() => {});
    return (await app.fetch(new Request(`http://127.0.0.1${path}`), { sent, peer })).status;
  };
  const [there, here] = ["10.0.0.9", "127.0.0.1"];
  // All of it is one count.
  const asked = [await ask(there), await ask(there, "/page"), await ask(there, "/page")];
  assert.deepEqual(asked, [200, 200, 429]);
  assert.equal(await ask(there), 429);
  assert.equal(await ask("10.0.1.9", "/page"), 200);
  assert.deepEqual([await ask(here), await ask(here), await ask(here)], [200, 200, 200]);
  limits[Symbol.dispose]();
});

Deno.test("a token has a bounded number of bodies on their way, and takes none from another", async () => {
  await using role = new LimitedRole({ infer: { bodies: 2 } });
  const begin = async (token: string) => {
    const conn = await rawConnect(role.role.url);
    await writeAll(
      conn,
      `POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\nContent-Length: 2\r\n\r\n{`,
    );
    return conn;
  };
  const submit = (token: string) => role.send(token, "POST", "/v1/jobs", { body: {} });
  using first = await begin("rbee_ann");
  using second = await begin("rbee_ann");
  // Until both have arrived there is room for one more.
  let refused = await submit("rbee_ann");
  while (refused.status === 400) {
    await refused.body?.cancel();
    refused = await submit("rbee_ann");
  }
  const { status, code, after } = await refusalOf(refused);
  assert.deepEqual([status, code, after], [429, "too_many_bodies", "5"]);
  const other = await submit("rbee_ben");
  assert.equal(other.status, 400);
  await other.body?.cancel();
  for (const conn of [first, second]) {
    await writeAll(conn, "}");
    await readUntil(conn, '"invalid_request"');
  }
  const next = await submit("rbee_ann");
  assert.equal(next.status, 400);
  await next.body?.cancel();
});

Deno.test("a refusal that is held back is let go of when who asked has gone", async () => {
  await using role = new LimitedRole({ refused: { requests_per_second: 1, burst: 1 } });
  assert.deepEqual(await statuses(role, "rbee_wrong", 1), [401]);
  const { host } = new URL(role.role.url);
  const conn = await rawConnect(role.role.url);
  await writeAll(conn, `GET /v1/models HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  conn.close();
  assert.deepEqual(await statuses(role, "rbee_wrong", 1), [429]);
});

Deno.test("the package openai raises its RateLimitError, and asks again when it is told to", async () => {
  await using role = new LimitedRole({ infer: { ...SLOW, burst: 1 } });
  const baseURL = `${role.role.url}/v1`;
  const once = new OpenAI({ baseURL, apiKey: "rbee_ann", maxRetries: 0 });
  await once.models.list();
  await assert.rejects(once.models.list(), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.deepEqual([error.status, error.code, error.type], [
      429,
      "rate_limit_exceeded",
      "rate_limit_error",
    ]);
    return true;
  });
  const answers: (string | null)[] = [];
  const patient = new OpenAI({
    baseURL,
    apiKey: "rbee_ann",
    maxRetries: 1,
    async fetch(url, init) {
      const answer = await fetch(url, init);
      answers.push(answer.headers.get("retry-after"));
      if (answer.status === 429) role.nowMs += 1000;
      return answer;
    },
  });
  const startedMs = performance.now();
  const { data } = await patient.models.list();
  assert.ok(data.length > 0);
  assert.deepEqual(answers, ["1", null]);
  assert.ok(performance.now() - startedMs >= 990, "it has waited as it was told");
});
