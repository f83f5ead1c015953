import assert from "node:assert/strict";
import { delay } from "../../src/base/delay.ts";
import { RbeeError } from "../../src/base/rbee_error.ts";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { listen } from "../../src/http/listen.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { startCuttableProxy } from "../helpers/cuttable_proxy.ts";
import { startTestRole } from "../helpers/test_role.ts";

const HOLD = { operation: "hold", gate: "g" };
const DONE =
  'id: 2\nevent: done\ndata: {"seq":2,"at":"2026-01-31T12:00:00.123Z","result":null}\n\n';

function seqOf(event: JobEvent): number {
  assert.notEqual(event.type, "gap");
  return event.type === "gap" ? -1 : event.seq;
}

Deno.test("JobClient.stream() loses and doubles nothing, wherever the network cuts it", async () => {
  await using role = startTestRole();
  const words = Array.from({ length: 8 }, (_, n) => `${n} \ud83d\udc1d naïve\n\n`);
  const { job_id } = await role.client.submit({ operation: "story", words });
  await role.server.registry.get(job_id).ended;
  const whole = await Array.fromAsync(role.client.stream(job_id));
  assert.deepEqual(whole.map(seqOf), Array.from({ length: 11 }, (_, n) => n + 1));
  const points = Array.from({ length: 60 }, (_, n) => n * 41);
  const losses = await Promise.all(points.map(async (point) => {
    await using proxy = startCuttableProxy(role.url);
    proxy.cutAfter([point, point + 300]);
    let lost = 0;
    const client = new JobClient(proxy.url, { onReconnect: () => void lost++ });
    const events = await Array.fromAsync(client.stream(job_id));
    assert.deepEqual(events, whole, `cut after ${point} bytes`);
    return lost;
  }));
  assert.ok(losses.filter((lost) => lost > 0).length > 30, "hardly anything was cut");
});

Deno.test("JobClient.submitAndStream() goes on with Last-Event-ID after the connection broke", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  const reasons: RbeeError[] = [];
  const client = new JobClient(proxy.url, { onReconnect: ({ error }) => void reasons.push(error) });
  const events: JobEvent[] = [];
  const end = await client.submitAndStream(
    { operation: "whisper", secret: "honey", gate: "g" },
    (event) => {
      events.push(event);
      if (events.length !== 1) return;
      proxy.cut();
      role.gates.open("g 1");
      role.gates.open("g 2");
    },
  );
  assert.equal(end.type, "done");
  assert.deepEqual(events.map(seqOf), [1, 2, 3, 4, 5]);
  assert.equal(reasons.length, 1);
  assert.equal(reasons[0]?.code, "unreachable");
  const [first = "", second = ""] = proxy.sent();
  assert.match(first, /^POST \/v1\/jobs\?stream=true /);
  assert.match(second, /\r\nlast-event-id: 1\r\n/i);
});

Deno.test("JobClient.stream() survives more cuts in a row than its patience is long", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  let waitedMs = 0;
  const patienceMs = 600;
  const client = new JobClient(proxy.url, {
    patienceMs,
    onReconnect: ({ waitMs }) => void (waitedMs += waitMs),
  });
  const { job_id } = await role.client.submit(HOLD);
  const job = role.server.registry.get(job_id);
  const seqs: number[] = [];
  for await (const event of client.stream(job_id)) {
    seqs.push(seqOf(event));
    if (waitedMs > 1.2 * patienceMs) {
      role.gates.open("g");
      continue;
    }
    proxy.cut();
    job.log.append({ type: "data", name: "cut", value: seqs.length });
  }
  assert.deepEqual(seqs, Array.from({ length: job.log.lastSeq }, (_, n) => n + 1));
});

Deno.test("JobClient.stream() that comes back too late gets a gap and the rest", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  const client = new JobClient(proxy.url);
  const { job_id } = await role.client.submit({ operation: "flood", lines: 150, length: 65_000 });
  const job = role.server.registry.get(job_id);
  job.log.append({ type: "token", text: "first", i: 0 });
  let next = 1;
  let gaps = 0;
  for await (const event of client.stream(job_id)) {
    if (event.type === "gap") {
      assert.equal(event.from, next);
      next = event.to + 1;
      gaps++;
    } else {
      assert.equal(event.seq, next++);
    }
    if (next !== 2) continue;
    proxy.breakDown();
    role.gates.open("flood");
    await job.ended;
    proxy.restore();
  }
  assert.equal(gaps, 1);
  assert.equal(next - 1, job.log.lastSeq);
});

Deno.test("JobClient.stream() gives up after its patience with connection_lost", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  let attempts = 0;
  const client = new JobClient(proxy.url, {
    patienceMs: 100,
    onReconnect: ({ error, waitMs }) => {
      attempts++;
      assert.equal(error.code, "unreachable");
      assert.ok(waitMs >= 0 && waitMs <= 2000);
    },
  });
  const { job_id } = await role.client.submit(HOLD);
  await assert.rejects(async () => {
    for await (const _ of client.stream(job_id)) proxy.breakDown();
  }, (error: RbeeError) => {
    assert.equal(error.code, "connection_lost");
    assert.match(
      error.message,
      /^Cannot reach http:\/\/127\.0\.0\.1:\d+: .*; gave up after 0 s; see rbee status$/,
    );
    assert.ok(error.cause instanceof RbeeError);
    return true;
  });
  assert.ok(attempts >= 1);
  assert.equal((await role.client.get(job_id)).state, "running");
});

Deno.test("JobClient.stream() of a role that is not there gives up and says why", async () => {
  const listener = listen({ host: "127.0.0.1", port: 0, handler: () => new Response() });
  await listener.close();
  const client = new JobClient(listener.url, { patienceMs: 1 });
  await assert.rejects(Array.fromAsync(client.stream(newJobId())), {
    code: "connection_lost",
    message: `Cannot reach ${listener.url}: connection refused; gave up after 0 s; see rbee status`,
  });
});

Deno.test("JobClient.stream() counts its patience from the loss, not from an earlier one", async () => {
  const patienceMs = 2000;
  let asked = 0;
  const head = new TextEncoder().encode("retry: 1000\n\n");
  const listener = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () => {
      asked++;
      if (asked === 2) {
        // Reached again: it holds for longer than the patience, brings comments alone, and breaks.
        return new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(head);
              await delay(1.2 * patienceMs);
              controller.enqueue(new TextEncoder().encode(": keepalive\n\n"));
              controller.close();
            },
          }),
          { headers: { "Content-Type": "text/event-stream" } },
        );
      }
      return new Response(asked < 3 ? "retry: 1000\n\n" : DONE, {
        headers: { "Content-Type": "text/event-stream" },
      });
    },
  });
  try {
    const client = new JobClient(listener.url, { patienceMs });
    const events = await Array.fromAsync(client.stream(newJobId()));
    assert.deepEqual(events.map((event) => event.type), ["done"]);
    assert.equal(asked, 3);
  } finally {
    await listener.close();
  }
});

Deno.test("JobClient.stream() takes up again a connection that is silent for too long", async () => {
  let asked = 0;
  const listener = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () =>
      new Response(++asked === 1 ? new ReadableStream() : DONE, {
        headers: { "Content-Type": "text/event-stream" },
      }),
  });
  try {
    const losses: string[] = [];
    const client = new JobClient(listener.url, {
      silenceLimitMs: 50,
      onReconnect: ({ error }) => void losses.push(error.message),
    });
    const events = await Array.fromAsync(client.stream(newJobId()));
    assert.deepEqual(events.map((event) => event.type), ["done"]);
    // On a slow machine the next one is as well.
    assert.ok(losses.length >= 1);
    for (const loss of losses) assert.match(loss, /has been silent for too long/);
  } finally {
    await listener.close({ drainMs: 1 });
  }
});

Deno.test("JobClient.stream() throws the reason of its signal while it waits to come back", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  const abort = new AbortController();
  const reason = new Error("the person has gone");
  const client = new JobClient(proxy.url, { onReconnect: () => abort.abort(reason) });
  const { job_id } = await role.client.submit(HOLD);
  await assert.rejects(async () => {
    for await (const _ of client.stream(job_id, { signal: abort.signal })) proxy.breakDown();
  }, (error) => error === reason);
});

Deno.test("JobClient.stream() of a role that was started again throws job_not_found", async () => {
  const first = startTestRole();
  const { job_id } = await first.client.submit(HOLD);
  await using proxy = startCuttableProxy(first.url);
  const client = new JobClient(proxy.url);
  await using second = startTestRole();
  await assert.rejects(async () => {
    for await (const _ of client.stream(job_id)) {
      proxy.cut();
      proxy.retarget(second.url);
    }
  }, { code: "job_not_found" });
  await first[Symbol.asyncDispose]();
});

Deno.test("JobClient.submit() to a role out of reach throws unreachable", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  proxy.breakDown();
  await assert.rejects(new JobClient(proxy.url).submit(HOLD), { code: "unreachable" });
  assert.deepEqual(role.server.registry.list(), []);
});

Deno.test("JobClient.submitAndStream() cancels a job though the connection is down when asked", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  const abort = new AbortController();
  const client = new JobClient(proxy.url);
  const refused = Promise.withResolvers<void>();
  const running = client.submitAndStream(HOLD, async (event) => {
    if (event.type !== "narration" || event.action !== "hold") return;
    proxy.breakDown();
    const next = proxy.nextConnection();
    abort.abort();
    await next;
    refused.resolve();
  }, { signal: abort.signal });
  await refused.promise;
  proxy.restore();
  const end = await running;
  assert.equal(end.type, "cancelled");
});

Deno.test("JobClient.submitAndStream() does not wait for the end of a job whose role is gone", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  const abort = new AbortController();
  const reason = new Error("enough");
  const running = new JobClient(proxy.url).submitAndStream(HOLD, (event) => {
    if (event.type !== "narration" || event.action !== "hold") return;
    proxy.breakDown();
    abort.abort(reason);
  }, { signal: abort.signal });
  const beganMs = performance.now();
  await assert.rejects(running, reason);
  // Not the half minute that a job may take to end.
  assert.ok(performance.now() - beganMs < 15_000);
});
