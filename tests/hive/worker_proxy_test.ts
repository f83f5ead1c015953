import assert from "node:assert/strict";
import type { DeathReason } from "../../src/hive/death_reason.ts";
import { bytesOf } from "../helpers/bytes.ts";
import { Gates } from "../helpers/gates.ts";
import { ProxyBench } from "../helpers/proxy_bench.ts";
import { rawConnect, rawExchange, readUntil, writeAll } from "../helpers/raw_http.ts";

for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
  Deno.test(`proxyToWorker() passes ${method} on with path and query as they were written`, async () => {
    await using bench = new ProxyBench(() => new Response("ok"));
    const path = "/v1/a%2Fb/%C3%A9?x=%20&y&z=a+b%26";
    const response = await fetch(bench.url + path, { method });
    assert.equal(await response.text(), "ok");
    assert.deepEqual(bench.seen.map((seen) => [seen.method, seen.path]), [[method, path]]);
  });
}

Deno.test("proxyToWorker() passes HEAD on and its answer back without a body", async () => {
  await using bench = new ProxyBench(() => new Response("hello", { headers: { "X-Kept": "1" } }));
  const answer = await rawExchange(
    bench.url,
    "HEAD /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
  );
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /x-kept: 1\r\n/);
  assert.ok(answer.endsWith("\r\n\r\n"), answer);
  assert.equal(bench.seen[0]?.method, "HEAD");
});

Deno.test("proxyToWorker() passes the bytes of a body on unchanged, both ways", async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256);
  await using bench = new ProxyBench(async (request) =>
    new Response(await request.arrayBuffer(), { headers: { "Content-Type": "image/png" } })
  );
  const response = await fetch(`${bench.url}/x`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: bytes,
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "image/png");
  assertSameBytes(new Uint8Array(await response.arrayBuffer()), bytes);
  assertSameBytes(bench.seen[0]!.body, bytes);
  assert.equal(bench.seen[0]?.headers.get("content-type"), "application/octet-stream");
});

for (const status of [200, 201, 202, 204, 302, 304, 400, 404, 409, 418, 500, 503]) {
  Deno.test(`proxyToWorker() gives the status ${status} back`, async () => {
    await using bench = new ProxyBench(() =>
      new Response(null, { status, headers: { "Location": "/elsewhere" } })
    );
    const response = await fetch(`${bench.url}/x`, { redirect: "manual" });
    await response.body?.cancel();
    assert.equal(response.status, status);
    assert.equal(response.headers.get("location"), "/elsewhere");
    assert.equal(bench.seen.length, 1);
  });
}

Deno.test("proxyToWorker() passes headers on, but not those of one connection", async () => {
  await using bench = new ProxyBench(() =>
    new Response("ok", {
      headers: [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"], ["X-Kept", "yes"], ["TE", "x"]],
    })
  );
  const answer = await rawExchange(
    bench.url,
    [
      "GET /x HTTP/1.1",
      "Host: 127.0.0.1:1",
      "Origin: http://127.0.0.1:1",
      "X-Correlation-Id: 019c1234-5678-7abc-8def-0123456789ab",
      "Last-Event-ID: 7",
      "Authorization: Bearer x",
      "TE: trailers",
      "Keep-Alive: timeout=5",
      "Connection: close",
      "",
      "",
    ].join("\r\n"),
  );
  const { headers } = bench.seen[0]!;
  assert.equal(headers.get("x-correlation-id"), "019c1234-5678-7abc-8def-0123456789ab");
  assert.equal(headers.get("last-event-id"), "7");
  // The hive's own token is none of the worker's.
  for (const name of ["authorization", "origin", "te", "keep-alive"]) {
    assert.equal(headers.get(name), null, name);
  }
  // The host that a worker answers to is its own.
  assert.equal(`http://${headers.get("host")}`, bench.worker.url);
  assert.match(answer, /set-cookie: a=1\r\nset-cookie: b=2\r\n/);
  assert.match(answer, /x-kept: yes\r\n/);
  assert.ok(!/^te:/m.test(answer));
});

Deno.test("proxyToWorker() gives an answer back as it is that the worker has compressed", async () => {
  const packed = await new Response(
    new Blob(["the same again ".repeat(50)]).stream().pipeThrough(new CompressionStream("gzip")),
  ).arrayBuffer();
  await using bench = new ProxyBench(() =>
    new Response(packed, {
      headers: { "Content-Encoding": "gzip", "Content-Type": "application/json" },
    })
  );
  // `fetch` as the client would unpack it. Reading this connection to its end closes it.
  const conn = await rawConnect(bench.url);
  await writeAll(conn, "GET /x HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n");
  const answer = new Uint8Array(await new Response(conn.readable).arrayBuffer());
  const head = new TextDecoder().decode(answer.subarray(0, answer.length - packed.byteLength));
  assert.match(head, /\r\ncontent-encoding: gzip\r\n/);
  assert.match(head, RegExp(`\r\ncontent-length: ${packed.byteLength}\r\n`));
  assert.deepEqual(answer.subarray(-packed.byteLength), new Uint8Array(packed));
  assert.equal(bench.seen[0]?.headers.get("accept-encoding"), "identity");
});

Deno.test("proxyToWorker() gives each piece of a stream back as it comes, and counts the request meanwhile", async () => {
  const gates = new Gates();
  await using bench = new ProxyBench(() => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(bytesOf("data: one\n\n"));
        await gates.pass("second");
        controller.enqueue(bytesOf("data: two\n\n"));
        controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
  });
  const response = await fetch(`${bench.url}/stream`);
  const reader = response.body!.getReader();
  assert.deepEqual((await reader.read()).value, bytesOf("data: one\n\n"));
  assert.equal(bench.requests, 1);
  gates.open("second");
  assert.deepEqual((await reader.read()).value, bytesOf("data: two\n\n"));
  assert.equal((await reader.read()).done, true);
  assert.equal(bench.requests, 0);
});

Deno.test("proxyToWorker() counts no request that is not a stream", async () => {
  await using bench = new ProxyBench(() => new Response("ok"));
  const response = await fetch(`${bench.url}/x`);
  assert.equal(bench.requests, 0);
  assert.equal(await response.text(), "ok");
});

Deno.test("proxyToWorker() closes the worker's connection when the reader of a stream goes", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using bench = new ProxyBench(() => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytesOf("data: one\n\n")),
      cancel: () => cancelled.resolve(),
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  });
  const response = await fetch(`${bench.url}/stream`);
  const reader = response.body!.getReader();
  await reader.read();
  assert.equal(bench.requests, 1);
  await reader.cancel();
  await cancelled.promise;
  assert.equal(bench.requests, 0);
});

Deno.test("proxyToWorker() closes the worker's connection when who asked goes before the answer", async () => {
  const asked = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  await using bench = new ProxyBench(async (request) => {
    request.signal.addEventListener("abort", () => gone.resolve());
    asked.resolve();
    await gone.promise;
    return new Response("nobody reads this");
  });
  const conn = await rawConnect(bench.url);
  await writeAll(conn, "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await asked.promise;
  conn.close();
  await gone.promise;
});

Deno.test("proxyToWorker() breaks a stream off that the worker breaks off", async () => {
  await using bench = new ProxyBench(() => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytesOf("data: one\n\n"));
      },
      pull: () => Promise.reject(new Error("the worker has died")),
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  });
  using conn = await rawConnect(bench.url);
  await writeAll(conn, "GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  // A chunked body that is whole ends with a chunk of no length.
  await assert.rejects(readUntil(conn, "\r\n0\r\n\r\n"));
  assert.equal(bench.requests, 0);
});

Deno.test("proxyToWorker() answers 502 worker_unreachable for a worker that runs and does not answer", async () => {
  await using bench = new ProxyBench(() => new Response("ok"));
  await bench.closeTarget();
  const response = await fetch(`${bench.url}/x`);
  assert.equal(response.status, 502);
  const { error } = await response.json();
  assert.deepEqual([error.code, error.message], [
    "worker_unreachable",
    'Worker "worker-x" (process 4711) does not answer; see rbee worker logs worker-x',
  ]);
});

Deno.test("proxyToWorker() answers 502 worker_gone for a worker that ends while it is asked", async () => {
  await using bench = new ProxyBench(() => new Response("ok"));
  await bench.closeTarget();
  const reason = {
    code: "out_of_memory",
    message: "It was out of memory",
    details: { worker_id: "worker-x", exit_code: null, signal: "SIGKILL", last_lines: ["so"] },
  };
  const death = Promise.withResolvers<DeathReason>();
  // A refused connection comes a moment before the news of the end.
  Object.assign(bench.worker, { death: death.promise });
  const answer = fetch(`${bench.url}/x`);
  Object.assign(bench.worker, { url: null, state: "failed", error: reason });
  death.resolve(reason);
  const { error } = await (await answer).json();
  assert.deepEqual([error.code, error.message, error.details], [
    "worker_gone",
    "It was out of memory",
    reason.details,
  ]);
});

Deno.test("proxyToWorker() tells why a worker died that is there again before its end was noticed", async () => {
  await using bench = new ProxyBench(() => new Response("ok"));
  const url = bench.worker.url;
  await bench.closeTarget();
  const reason = {
    code: "worker_died",
    message: "It ended unexpectedly",
    details: { worker_id: "worker-x", exit_code: 1, signal: null, last_lines: ["so"] },
  };
  Object.assign(bench.worker, { death: Promise.resolve(reason), url, state: "ready" });
  const { error } = await (await fetch(`${bench.url}/x`)).json();
  assert.deepEqual([error.code, error.message, error.details], [
    "worker_gone",
    reason.message,
    reason.details,
  ]);
});

for (
  const [state, message] of [
    ["starting", 'Worker "worker-x" is not ready yet (starting)'],
    ["stopping", 'Worker "worker-x" was stopped'],
    ["stopped", 'Worker "worker-x" was stopped'],
  ] as const
) {
  Deno.test(`proxyToWorker() asks nobody for a worker that is ${state} and listens nowhere`, async () => {
    await using bench = new ProxyBench(() => new Response("ok"));
    Object.assign(bench.worker, { url: null, state, death: Promise.resolve() });
    const response = await fetch(`${bench.url}/x`);
    assert.equal(response.status, 502);
    const { error } = await response.json();
    assert.deepEqual([error.code, error.message, error.details], ["worker_gone", message, {
      worker_id: "worker-x",
    }]);
    assert.deepEqual(bench.seen, []);
  });
}

for (const path of ["/v1/jobs", "/v1/jobs/", "/v1/jobs/job-x/stream?after=3", "/v1/jobs?limit=1"]) {
  Deno.test(`proxyToWorker() leaves ${path} of an engine that knows no jobs to the hive`, async () => {
    await using bench = new ProxyBench(() => new Response("the engine's"));
    const asked: string[] = [];
    bench.jobs = {
      answer: async (request) => {
        const { pathname, search } = new URL(request.url);
        asked.push(`${request.method} ${pathname}${search} ${await request.text()}`);
        return new Response("the hive's");
      },
    };
    const response = await fetch(bench.url + path, { method: "POST", body: "{}" });
    assert.equal(await response.text(), "the hive's");
    assert.deepEqual(asked, [`POST ${path} {}`]);
    assert.deepEqual(bench.seen, []);
  });
}

for (const path of ["/v1/jobsite", "/v1/models", "/jobs", "/v1%2Fjobs", "/health"]) {
  Deno.test(`proxyToWorker() asks the engine itself for ${path}`, async () => {
    await using bench = new ProxyBench(() => new Response("the engine's"));
    bench.jobs = { answer: () => Promise.resolve(new Response("the hive's")) };
    assert.equal(await (await fetch(bench.url + path)).text(), "the engine's");
  });
}

/** Compares without printing a difference: one of so many bytes would take all memory. */
function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  const same = actual.length === expected.length &&
    actual.every((byte, i) => byte === expected[i]);
  assert.ok(same, `${actual.length} bytes came of ${expected.length}`);
}
