import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import type { WorkerInfo } from "../../src/contracts/worker.ts";
import { EngineJobs, type ServedWorker } from "../../src/hive/engine_jobs.ts";
import { listen } from "../../src/http/listen.ts";
import {
  askedOf,
  control,
  engineHive,
  FIXTURE,
  keepBusy,
  proxied,
} from "../helpers/engine_hive.ts";
import { FrameReader, jsonOf } from "../helpers/event_frames.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";
import { BEE_TINY, TestHive, type WatchedJob, watchJob } from "../helpers/test_hive.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const SECRET = "xylophone quartz";
const INFER = { operation: "infer", model: "bee-tiny", prompt: `Say ${SECRET}`, max_tokens: 3 };
const NEXT_DAY = { firstMs: 86_400_000, maxMs: 86_400_000 };

/** Runs an infer through the proxy to its end. */
async function infer(hive: TestHive, worker: WorkerInfo, fields = {}): Promise<JobEvent[]> {
  const job = await start(hive, worker, fields);
  return await job.ended;
}

/** Submits an infer through the proxy and reads its stream. */
async function start(hive: TestHive, worker: WorkerInfo, fields = {}): Promise<WatchedJob> {
  const client = proxied(hive, worker);
  const { job_id } = await client.submit({ ...INFER, ...fields });
  return watchJob(client, job_id);
}

function tokensOf(events: readonly JobEvent[]): string[] {
  return events.flatMap((event) => event.type === "token" ? [event.text] : []);
}

/** What kinds of events there are and which fields they have, each once. */
function shapeOf(events: readonly JobEvent[]): string[] {
  const shapes = events.filter(({ type }) => type !== "gap").map((event) => {
    const action = event.type === "narration" ? ` ${event.action}` : "";
    return `${event.type}${action}: ${Object.keys(event).sort().join(" ")}`;
  });
  return [...new Set(shapes)];
}

Deno.test("an engine's job has tokens, usage and the reason of its end, as a job of our own worker", async () => {
  await using hive = engineHive();
  const [theirs, ours] = [await hive.spawn(FIXTURE), await hive.spawn(BEE_TINY)];
  const events = await infer(hive, theirs);
  assert.deepEqual(tokensOf(events), ["The", " bee", " flies"]);
  const end = events.at(-1);
  assert.ok(end?.type === "done");
  assert.deepEqual(end.result, { model: "bee-tiny" });
  assert.deepEqual(end.usage, { prompt_tokens: 3, completion_tokens: 3 });
  assert.equal(end.finish_reason, "length");
  assert.deepEqual(shapeOf(events), shapeOf(await infer(hive, ours)));
});

Deno.test("an engine's worker says its status, and refuses what no worker can", async () => {
  await using hive = engineHive();
  const worker = await hive.spawn(FIXTURE);
  const client = proxied(hive, worker);
  const status = await client.submitAndStream({ operation: "status" }, () => {});
  assert.ok(status.type === "done");
  const { role, model, engine } = status.result as Record<string, unknown>;
  assert.deepEqual({ role, model, engine }, {
    role: "worker",
    model: "bee-tiny",
    engine: "fixture",
  });
  await assert.rejects(client.submit({ operation: "worker_spawn" }), { code: "unknown_operation" });
  await assert.rejects(client.submit({ ...INFER, max_tokens: 0 }), { code: "invalid_request" });
  await assert.rejects(
    client.get("job-019c1234-5678-7abc-8def-0123456789ab"),
    /Cannot find job|older/,
  );
});

Deno.test("an engine's worker refuses a request for another model, as our own does", async () => {
  await using hive = engineHive();
  const [theirs, ours] = [await hive.spawn(FIXTURE), await hive.spawn(BEE_TINY)];
  for (const worker of [ours, theirs]) {
    const end = (await infer(hive, worker, { model: "wasp-large" })).at(-1);
    assert.equal(end?.type === "error" && end.code, "model_not_found", worker.engine);
  }
});

Deno.test("no more requests are with an engine than it has slots; the others are told their places", async () => {
  // It would refuse a second one.
  await using hive = engineHive(["--gate", "--slots", "1"]);
  const worker = await hive.spawn({ ...FIXTURE, parallel: 1 });
  const jobs = [await start(hive, worker, { max_tokens: 1 })];
  await askedOf(worker, "?arrived=1");
  for (const place of [1, 2]) {
    const job = await start(hive, worker, { max_tokens: 1 });
    await job.said(RegExp(`^All slots are busy; place ${place} in the queue$`));
    jobs.push(job);
  }
  const [listed] = await hive.list();
  assert.deepEqual([listed?.requests, listed?.waiting], [1, 2]);
  await control(worker, "release");
  assert.equal((await jobs[0]!.ended).at(-1)?.type, "done");
  await jobs[2]!.said(/place 1 in the queue$/);
  await control(worker, "release?count=2");
  for (const job of jobs) assert.deepEqual(tokensOf(await job.ended), ["The"]);
  const [idle] = await hive.list();
  assert.deepEqual([idle?.requests, idle?.waiting], [0, 0]);
});

Deno.test("a request for which an engine's queue has no room is answered 503 with Retry-After", async () => {
  await using hive = engineHive(["--gate"], { limits: { max_queue: 1 } });
  const worker = await hive.spawn({ ...FIXTURE, parallel: 1 });
  const busy = await keepBusy(hive, worker);
  const waiting = await start(hive, worker);
  await waiting.said(/place 1/);
  const response = await fetch(`${hive.url}/v1/workers/${worker.worker_id}/proxy/v1/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(INFER),
  });
  const { error } = await response.json();
  assert.deepEqual([response.status, response.headers.get("retry-after"), error.code], [
    503,
    "5",
    "queue_full",
  ]);
  for (const job of [waiting, busy]) await proxied(hive, worker).cancel(job.id);
});

Deno.test("an engine's job is cancelled at once, while it waits and in the middle of its answer", async () => {
  await using hive = engineHive(["--gate"]);
  const worker = await hive.spawn({ ...FIXTURE, parallel: 1 });
  const first = await start(hive, worker);
  await askedOf(worker, "?arrived=1");
  const second = await start(hive, worker);
  await second.said(/place 1/);
  const client = proxied(hive, worker);
  await client.cancel(second.id);
  assert.equal((await second.ended).at(-1)?.type, "cancelled");
  await client.cancel(first.id);
  assert.equal((await first.ended).at(-1)?.type, "cancelled");
  // The engine is told, so that it stops to compute; who waited never reached it.
  assert.deepEqual((await askedOf(worker, "?ended=1")).map(({ state }) => state), ["cancelled"]);
});

Deno.test("an engine that dies in the middle of an answer ends its job with worker_gone, and says why it died", async () => {
  await using hive = engineHive(
    ["--die-after-tokens", "2", "--die-with", `CUDA error: out of memory in ${SECRET}`],
    { restarts: NEXT_DAY },
  );
  const worker = await hive.spawn(FIXTURE);
  const events = await infer(hive, worker);
  assert.deepEqual(tokensOf(events), ["The", " bee"]);
  const end = events.at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "worker_gone");
  assert.equal(
    end.message,
    'The worker for "bee-tiny" ended unexpectedly (exit code 1): memory ran out; stop another worker ' +
      `(rbee worker list), or take a smaller model or --context; see rbee worker logs ${worker.worker_id}`,
  );
  const { worker_id, exit_code, signal } = end.details as Record<string, unknown>;
  assert.deepEqual([worker_id, exit_code, signal], [worker.worker_id, 1, null]);
});

Deno.test("an engine that is killed ends all its jobs with worker_gone, those that wait too", async () => {
  await using hive = engineHive(["--gate"], { restarts: NEXT_DAY });
  const worker = await hive.spawn({ ...FIXTURE, parallel: 1 });
  const jobs = [await keepBusy(hive, worker), await start(hive, worker)];
  await jobs[1]!.said(/place 1/);
  Deno.kill(worker.pid!, "SIGKILL");
  for (const job of jobs) {
    const end = (await job.ended).at(-1);
    assert.ok(end?.type === "error");
    assert.equal(end.code, "worker_gone");
    assert.match(end.message, /ended unexpectedly \(signal SIGKILL\)/);
  }
  const [listed] = await hive.list();
  assert.deepEqual([listed?.requests, listed?.waiting], [0, 0]);
});

Deno.test("an engine that is there again before the break of its answer was noticed is said to have died", async () => {
  const reason = {
    code: "worker_died",
    message: "It ended unexpectedly",
    details: { worker_id: "worker-x", exit_code: 1, signal: null, last_lines: ["so"] },
  };
  const death = Promise.withResolvers<typeof reason>();
  const worker: Mutable<ServedWorker> = {
    id: "worker-x",
    url: null,
    state: "ready",
    error: undefined,
    death: death.promise,
    parallel: 1,
    spec: { model: "bee-tiny", device: "cpu", engine: "fixture", options: {} },
    abandon: () => {},
  };
  const engine = listen({
    host: "127.0.0.1",
    port: 0,
    handler: () => {
      // Its successor listens elsewhere, and lives.
      worker.url = "http://127.0.0.1:9";
      worker.death = new Promise(() => {});
      death.resolve(reason);
      return new Response("no answer of an engine", { status: 500 });
    },
  });
  worker.url = engine.url;
  const jobs = new EngineJobs(worker, { maxQueue: 1, use: () => () => {} });
  const submitted = await jobs.answer(
    new Request("http://127.0.0.1/v1/jobs", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(INFER),
    }),
  );
  const { job_id } = await submitted.json();
  const stream = await jobs.answer(new Request(`http://127.0.0.1/v1/jobs/${job_id}/stream`));
  const frames = await new FrameReader(stream).rest();
  const end = jsonOf(frames.find(({ event }) => event === "error"));
  assert.deepEqual([end.code, end.message, end.details], [
    "worker_gone",
    reason.message,
    reason.details,
  ]);
  await engine.close();
});

Deno.test("an engine that was started again answers, and how its jobs before ended is still known", async () => {
  await using hive = engineHive(["--gate"]);
  await using telemetry = await TelemetryWatch.open(hive.url);
  const worker = await hive.spawn(FIXTURE);
  const lost = await keepBusy(hive, worker);
  Deno.kill(worker.pid!, "SIGKILL");
  await lost.ended;
  const again = await telemetry.worker(({ state, restarts }) =>
    state === "ready" && restarts === 1
  );
  await control(again, "release?count=3");
  assert.equal((await infer(hive, worker)).at(-1)?.type, "done");
  assert.equal((await proxied(hive, worker).get(lost.id)).error?.code, "worker_gone");
});

Deno.test("a request for an engine that waits for its restart is answered worker_gone, as our own worker's", async () => {
  await using hive = engineHive([], { restarts: NEXT_DAY, beatMs: 20 });
  await using telemetry = await TelemetryWatch.open(hive.url);
  for (const worker of [await hive.spawn(BEE_TINY), await hive.spawn(FIXTURE)]) {
    Deno.kill(worker.pid!, "SIGKILL");
    await telemetry.worker(({ worker_id, state, error }) =>
      worker_id === worker.worker_id && state === "starting" && error !== undefined
    );
    await assert.rejects(proxied(hive, worker).submit(INFER), {
      code: "worker_gone",
      message: /ended unexpectedly \(signal SIGKILL\)/,
    }, worker.engine);
  }
});

Deno.test("the engine's own routes answer through the proxy as they do without it", async () => {
  await using hive = engineHive();
  const worker = await hive.spawn(FIXTURE);
  const proxy = `${hive.url}/v1/workers/${worker.worker_id}/proxy`;
  const chat = { messages: [{ role: "user", content: "Fly" }], max_tokens: 3 };
  const asks: [path: string, body?: unknown][] = [
    ["/health"],
    ["/v1/models"],
    ["/not/there"],
    ["/v1/chat/completions", chat],
    ["/v1/chat/completions", { ...chat, stream: true, stream_options: { include_usage: true } }],
    ["/v1/completions", {}],
  ];
  for (const [path, body] of asks) {
    const [through, direct] = await Promise.all([proxy, worker.url].map(async (base) => {
      const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      const answer = await fetch(base + path, init);
      const { status, headers } = answer;
      return [status, headers.get("content-type"), headers.get("server"), await answer.text()];
    }));
    assert.deepEqual(through, direct, path);
  }
});

Deno.test("an engine's worker that is stopped is stopping while its requests may still end", async () => {
  await using hive = engineHive(["--gate"]);
  await using telemetry = await TelemetryWatch.open(hive.url);
  const worker = await hive.spawn(FIXTURE);
  const job = await keepBusy(hive, worker);
  const stopped = hive.run({ operation: "worker_stop", worker_id: worker.worker_id });
  await telemetry.worker(({ state }) => state === "stopping" || state === "stopped");
  // As our own worker's: nobody is to be sent there any more, and what runs has its grace.
  const { state } = await proxied(hive, worker).get(job.id);
  if (state === "running") await control(worker, "release");
  await stopped;
  assert.equal(state, "running");
  assert.equal((await job.ended).at(-1)?.type, "done");
});
