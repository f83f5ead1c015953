import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { isTerminal, type JobEvent } from "../../src/contracts/job_event.ts";
import { JobClient, type OperationBody } from "../../src/jobs/job_client.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { listen } from "../../src/http/listen.ts";
import { startTestRole } from "../helpers/test_role.ts";

const STORY = { operation: "story", words: ["Once", " upon", " a time"] };
const HOLD = { operation: "hold", gate: "g" };

/** A client of a server that is none of ours, and what ends the server. */
function foreignServer(handler: (request: Request) => Response | Promise<Response>) {
  const listener = listen({ host: "127.0.0.1", port: 0, handler });
  return {
    url: listener.url,
    client: new JobClient(listener.url, { patienceMs: 100 }),
    [Symbol.asyncDispose]: () => listener.close({ drainMs: 1 }),
  };
}

async function collect(events: AsyncIterable<JobEvent>): Promise<JobEvent[]> {
  return await Array.fromAsync(events);
}

Deno.test("JobClient.submit() answers with the job's id and its stream", async () => {
  await using role = startTestRole();
  const answer = await role.client.submit(STORY);
  assert.equal(answer.sse_url, `/v1/jobs/${answer.job_id}/stream`);
  assert.equal(role.server.registry.get(answer.job_id).operation, "story");
});

Deno.test("JobClient.submit() sends the id, correlation id and unwatched limit it is given", async () => {
  await using role = startTestRole();
  const jobId = newJobId();
  const correlationId = crypto.randomUUID();
  const answer = await role.client.submit(HOLD, { jobId, correlationId, unwatchedLimitMs: 10 });
  assert.equal(answer.job_id, jobId);
  const job = role.server.registry.get(jobId);
  assert.equal(job.correlationId, correlationId);
  await job.ended;
  assert.equal(job.state, "cancelled");
});

Deno.test("JobClient.submit() repeated with the same id makes one job", async () => {
  await using role = startTestRole();
  const jobId = newJobId();
  const first = await role.client.submit(HOLD, { jobId });
  assert.deepEqual(await role.client.submit(HOLD, { jobId }), first);
  assert.equal(role.server.registry.list().length, 1);
});

Deno.test("JobClient takes a base URL with a slash at its end", async () => {
  await using role = startTestRole();
  const client = new JobClient(`${role.url}/`);
  assert.equal(client.baseUrl, role.url);
  await client.submit(STORY);
});

Deno.test("JobClient.submitAndStream() gives each event in order and returns the terminal one", async () => {
  await using role = startTestRole();
  const events: JobEvent[] = [];
  const end = await role.client.submitAndStream(STORY, (event) => void events.push(event));
  assert.deepEqual(events.map((event) => event.type), [
    "narration",
    "token",
    "token",
    "token",
    "narration",
    "done",
  ]);
  assert.deepEqual(events.map((event) => event.type === "gap" ? 0 : event.seq), [1, 2, 3, 4, 5, 6]);
  assert.equal(events.at(-1), end);
  assert.ok(end.type === "done");
  assert.deepEqual(end.result, { words: 3 });
  assert.deepEqual(end.usage, { prompt_tokens: 1, completion_tokens: 3 });
  assert.equal(end.finish_reason, "stop");
});

Deno.test("JobClient.submitAndStream() waits for each event to be taken", async () => {
  await using role = startTestRole();
  const seen: string[] = [];
  await role.client.submitAndStream(STORY, async (event) => {
    seen.push(`begin ${event.type}`);
    await Promise.resolve();
    seen.push(`end ${event.type}`);
  });
  seen.forEach((entry, n) => assert.ok(entry.startsWith(n % 2 === 0 ? "begin" : "end")));
});

Deno.test("JobClient.submitAndStream() returns the error event of a job that failed", async () => {
  await using role = startTestRole();
  const body = { operation: "fail", code: "model_not_found" };
  const end = await role.client.submitAndStream(body, () => {});
  assert.ok(end.type === "error");
  assert.equal(end.code, "model_not_found");
  assert.equal(end.message, "Cannot find the wheel");
  assert.deepEqual(end.details, { wheel: 4 });
});

Deno.test("JobClient.submitAndStream() gives tokens that look like markers as tokens", async () => {
  await using role = startTestRole();
  const words = [
    "[DONE]",
    "data: [DONE]\n\n",
    "event: done\ndata: {}\n\n",
    "[ERROR] x",
    "\ud83d\udc1d",
  ];
  const tokens: string[] = [];
  const end = await role.client.submitAndStream({ operation: "story", words }, (event) => {
    if (event.type === "token") tokens.push(event.text);
  });
  assert.deepEqual(tokens, words);
  assert.equal(end.type, "done");
});

Deno.test("JobClient.submitAndStream() passes on what its listener throws, and the job goes on", async () => {
  await using role = startTestRole();
  const jobId = newJobId();
  const stop = new Error("the terminal is gone");
  await assert.rejects(
    role.client.submitAndStream(HOLD, () => Promise.reject(stop), { jobId }),
    (error) => error === stop,
  );
  role.gates.open("g");
  await role.server.registry.get(jobId).ended;
  assert.equal((await role.client.get(jobId)).state, "done");
});

Deno.test("JobClient.submitAndStream() cancels the job when its signal aborts, and awaits its end", async () => {
  await using role = startTestRole();
  const abort = new AbortController();
  const events: JobEvent[] = [];
  const running = role.client.submitAndStream(
    { ...HOLD, cleanup: "c" },
    (event) => void events.push(event),
    { signal: abort.signal },
  );
  await role.gates.reached("g");
  abort.abort();
  await role.gates.reached("c");
  role.gates.open("c");
  const end = await running;
  assert.ok(end.type === "cancelled");
  assert.deepEqual(
    events.map((event) => event.type === "narration" ? event.action : event.type),
    ["hold", "let_go", "cancelled"],
  );
});

Deno.test("JobClient.submitAndStream() with an aborted signal submits nothing", async () => {
  await using role = startTestRole();
  const reason = new Error("never mind");
  await assert.rejects(
    role.client.submitAndStream(STORY, () => {}, { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
  assert.deepEqual(role.server.registry.list(), []);
});

Deno.test("JobClient.submitAndStream() whose signal aborts after the job has ended returns its end", async () => {
  await using role = startTestRole();
  const abort = new AbortController();
  const end = await role.client.submitAndStream(STORY, (event) => {
    if (isTerminal(event)) abort.abort();
  }, { signal: abort.signal });
  assert.equal(end.type, "done");
});

Deno.test("JobClient.stream() begins after the event it is given", async () => {
  await using role = startTestRole();
  const { job_id } = await role.client.submit(STORY);
  const events = await collect(role.client.stream(job_id, { after: 4 }));
  assert.deepEqual(events.map((event) => event.type), ["narration", "done"]);
});

Deno.test("JobClient.stream() that is left early does not cancel the job", async () => {
  await using role = startTestRole();
  const { job_id } = await role.client.submit(HOLD);
  for await (const event of role.client.stream(job_id)) {
    assert.equal(event.type, "narration");
    break;
  }
  assert.equal((await role.client.get(job_id)).state, "running");
  role.gates.open("g");
  assert.equal((await collect(role.client.stream(job_id))).at(-1)?.type, "done");
});

Deno.test("JobClient.stream() that is left early is no longer counted as a reader", async () => {
  await using role = startTestRole();
  const { job_id } = await role.client.submit(HOLD, { unwatchedLimitMs: 200 });
  for await (const _ of role.client.stream(job_id)) break;
  await role.server.registry.get(job_id).ended;
  assert.equal((await role.client.get(job_id)).state, "cancelled");
});

Deno.test("JobClient.stream() throws the reason of its signal, and the job goes on", async () => {
  await using role = startTestRole();
  const { job_id } = await role.client.submit(HOLD);
  const abort = new AbortController();
  const reason = new Error("looked away");
  await assert.rejects(async () => {
    for await (const _ of role.client.stream(job_id, { signal: abort.signal })) abort.abort(reason);
  }, (error) => error === reason);
  assert.equal((await role.client.get(job_id)).state, "running");
});

for (
  const [what, body, code, field] of [
    ["an unknown operation", { operation: "fly" }, "unknown_operation", "operation"],
    ["a wrong field", { operation: "story", words: 1 }, "invalid_request", "words"],
    ["an unknown field", { ...STORY, more: 1 }, "invalid_request", "more"],
  ] as [string, OperationBody, string, string][]
) {
  Deno.test(`JobClient.submit() of ${what} throws the role's error with its details`, async () => {
    await using role = startTestRole();
    await assert.rejects(role.client.submit(body), (error) => {
      assert.ok(error instanceof RbeeError);
      assert.equal(error.code, code);
      assert.deepEqual(error.details, { field });
      return true;
    });
  });
}

Deno.test("JobClient throws job_not_found for a job that the role does not know", async () => {
  await using role = startTestRole();
  const id = newJobId();
  const unknown = { name: "RbeeError", code: "job_not_found" };
  await assert.rejects(role.client.get(id), unknown);
  await assert.rejects(role.client.cancel(id), unknown);
  await assert.rejects(collect(role.client.stream(id)), unknown);
});

Deno.test("JobClient.stream() past the end of a job throws invalid_cursor", async () => {
  await using role = startTestRole();
  const { job_id } = await role.client.submit(STORY);
  await assert.rejects(collect(role.client.stream(job_id, { after: 99 })), {
    code: "invalid_cursor",
  });
});

Deno.test("JobClient.cancel() of a job that has ended throws job_already_ended", async () => {
  await using role = startTestRole();
  const { job_id } = await role.client.submit(STORY);
  await collect(role.client.stream(job_id));
  await assert.rejects(role.client.cancel(job_id), { code: "job_already_ended" });
});

Deno.test("JobClient.list() asks for a state and a limit", async () => {
  await using role = startTestRole();
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    const { job_id } = await role.client.submit(STORY);
    await collect(role.client.stream(job_id));
    ids.push(job_id);
  }
  const held = await role.client.submit(HOLD);
  const list = async (options = {}) => (await role.client.list(options)).map((job) => job.job_id);
  assert.deepEqual(await list(), [...ids, held.job_id].toReversed());
  assert.deepEqual(await list({ state: "done", limit: 2 }), [ids[2], ids[1]]);
  assert.deepEqual(await list({ state: "running" }), [held.job_id]);
});

Deno.test("JobClient takes a server that answers 200 HTML for no role", async () => {
  await using server = foreignServer(() =>
    new Response("<html>hive</html>", { headers: { "Content-Type": "text/html" } })
  );
  const bad = { name: "RbeeError", code: "bad_answer" };
  await assert.rejects(server.client.submit(STORY), bad);
  await assert.rejects(server.client.get(newJobId()), bad);
  await assert.rejects(server.client.cancel(newJobId()), bad);
  await assert.rejects(server.client.list(), bad);
  await assert.rejects(collect(server.client.stream(newJobId())), (error: RbeeError) => {
    assert.equal(error.code, "bad_answer");
    assert.match(error.message, /answered with text\/html, not with a stream/);
    return true;
  });
});

Deno.test("JobClient.submit() takes an id that is none of ours for a bad answer", async () => {
  await using server = foreignServer(() =>
    Response.json({ job_id: "42", sse_url: "/x" }, { status: 202 })
  );
  await assert.rejects(server.client.submit(STORY), (error: RbeeError) => {
    assert.equal(error.code, "bad_answer");
    assert.match(error.message, /job_id/);
    return true;
  });
});

function eventStream(body: string): Response {
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}

const FIRST =
  'id: 1\nevent: token\ndata: {"seq":1,"at":"2026-01-31T12:00:00.123Z","text":"a","i":0}\n\n';

for (
  const [what, body] of [
    ["nothing", ""],
    ["comments alone", ": keepalive\n\n"],
    ["events but no terminal one", FIRST],
    ["a terminal event that is cut short", FIRST + "id: 2\nevent: done\ndata: {}\n"],
    ["the plain dialect's marker", "data: [DONE]\n\n"],
    ["done without an event type", 'data: {"seq":1,"result":null}\n\n'],
  ] as const
) {
  Deno.test(`JobClient.stream() that brings ${what} and ends is an error, never success`, async () => {
    await using server = foreignServer(() => eventStream(body));
    const events: JobEvent[] = [];
    await assert.rejects(async () => {
      for await (const event of server.client.stream(newJobId())) events.push(event);
    }, (error: RbeeError) => {
      assert.equal(error.code, "connection_lost");
      assert.match(error.message, /ended the stream before the job's end; gave up after/);
      return true;
    });
    assert.deepEqual(events.map((event) => event.type), body.startsWith("id: 1") ? ["token"] : []);
  });
}

for (
  const [what, body] of [
    ["is not JSON", "event: token\ndata: {oops\n\n"],
    ["does not fit its schema", 'event: token\ndata: {"seq":1,"text":7}\n\n'],
    ["is not an object", "event: done\ndata: null\n\n"],
  ] as const
) {
  Deno.test(`JobClient.stream() throws at once for an event that ${what}`, async () => {
    let asked = 0;
    await using server = foreignServer(() => {
      asked++;
      return eventStream(body);
    });
    await assert.rejects(collect(server.client.stream(newJobId())), { code: "bad_event" });
    assert.equal(asked, 1);
  });
}

Deno.test("JobClient.stream() passes over events of a type that it does not know", async () => {
  await using server = foreignServer(() =>
    eventStream(
      'id: 1\nevent: hologram\ndata: {"seq":1}\n\n' +
        'id: 2\nevent: done\ndata: {"seq":2,"at":"2026-01-31T12:00:00.123Z","result":1,"new":2}\n\n',
    )
  );
  const events = await collect(server.client.stream(newJobId()));
  assert.deepEqual(events.map((event) => event.type), ["done"]);
});
