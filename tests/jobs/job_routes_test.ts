import assert from "node:assert/strict";
import { errorBodySchema } from "../../src/contracts/error_body.ts";
import { correlationIdSchema } from "../../src/contracts/identifiers.ts";
import { cancelAnswerSchema, jobListSchema, jobViewSchema } from "../../src/contracts/job.ts";
import { MAX_BODY_BYTES } from "../../src/http/request_body.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { logEvents } from "../helpers/log_events.ts";
import { testApp } from "../helpers/test_role.ts";

const STORY = { operation: "story", words: ["Once"] };

/** Checks an answer that refuses, and returns its error. */
async function refusal(response: Response, status: number) {
  assert.equal(response.status, status);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  const { error } = errorBodySchema.parse(await response.json());
  return error;
}

function fieldOf(error: { details?: unknown }): unknown {
  return (error.details as { field?: unknown } | undefined)?.field;
}

Deno.test("POST /v1/jobs answers 202 with the job's id and the address of its stream", async () => {
  await using role = testApp();
  const response = await role.post(STORY);
  assert.equal(response.status, 202);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  const body = await response.json();
  assert.deepEqual(Object.keys(body), ["job_id", "sse_url"]);
  assert.match(
    body.job_id,
    /^job-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.equal(body.sse_url, `/v1/jobs/${body.job_id}/stream`);
});

Deno.test("POST /v1/jobs runs the job though nobody reads its stream", async () => {
  await using role = testApp();
  const id = await role.submit(STORY);
  await role.registry.get(id).ended;
  const view = jobViewSchema.parse(await role.view(id));
  assert.equal(view.state, "done");
  assert.equal(view.operation, "story");
  assert.deepEqual(view.result, { words: 1 });
  assert.equal(view.last_seq, 4);
});

Deno.test("POST /v1/jobs takes application/json with a charset", async () => {
  await using role = testApp();
  const response = await role.post(STORY, { "Content-Type": "Application/JSON; charset=utf-8" });
  assert.equal(response.status, 202);
  await response.body?.cancel();
});

for (
  const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "text/json",
  ]
) {
  Deno.test(`POST /v1/jobs refuses a body of type ${type} with 415`, async () => {
    await using role = testApp();
    const error = await refusal(await role.post(STORY, { "Content-Type": type }), 415);
    assert.equal(error.code, "unsupported_media_type");
    assert.ok(error.message.includes(type));
    assert.deepEqual(role.registry.list(), []);
  });
}

Deno.test("POST /v1/jobs refuses a body without a type with 415", async () => {
  await using role = testApp();
  const body = new TextEncoder().encode(JSON.stringify(STORY));
  const error = await refusal(
    await role.app.request("/v1/jobs", { method: "POST", body }),
    415,
  );
  assert.equal(error.code, "unsupported_media_type");
});

for (
  const [what, body] of [
    ["no JSON", "{operation: story}"],
    ["empty", ""],
    ["cut short", '{"operation":"story","words":["a"'],
    ["an array", "[]"],
    ["null", "null"],
    ["text", '"story"'],
    ["a number", "1"],
  ] as const
) {
  Deno.test(`POST /v1/jobs refuses a body that is ${what} with 400`, async () => {
    await using role = testApp();
    const error = await refusal(await role.post(body), 400);
    assert.equal(error.code, "invalid_json");
    assert.equal(error.type, "invalid_request_error");
    assert.deepEqual(role.registry.list(), []);
  });
}

for (
  const [what, body, code, field] of [
    ["without an operation", { words: [] }, "invalid_request", "operation"],
    ["with an operation that is no text", { operation: 7 }, "invalid_request", "operation"],
    ["with an unknown operation", { operation: "fly" }, "unknown_operation", "operation"],
    [
      "with an inherited name as operation",
      { operation: "toString" },
      "unknown_operation",
      "operation",
    ],
    ["with a missing field", { operation: "story" }, "invalid_request", "words"],
    ["with a wrong field", { operation: "story", words: "Once" }, "invalid_request", "words"],
    [
      "with a wrong part of a field",
      { operation: "story", words: ["a", 2] },
      "invalid_request",
      "words.1",
    ],
    ["with an unknown field", { ...STORY, color: "red" }, "invalid_request", "color"],
    ["with a job id that is none", { ...STORY, job_id: "job-1" }, "invalid_request", "job_id"],
    [
      "with a job id of version 4",
      { ...STORY, job_id: `job-${crypto.randomUUID()}` },
      "invalid_request",
      "job_id",
    ],
    [
      "with an unwatched limit of 0",
      { ...STORY, unwatched_limit_ms: 0 },
      "invalid_request",
      "unwatched_limit_ms",
    ],
    [
      "with an unwatched limit that is text",
      { ...STORY, unwatched_limit_ms: "1" },
      "invalid_request",
      "unwatched_limit_ms",
    ],
    [
      "with an unwatched limit of more than a day",
      { ...STORY, unwatched_limit_ms: 86_400_001 },
      "invalid_request",
      "unwatched_limit_ms",
    ],
  ] as const
) {
  Deno.test(`POST /v1/jobs refuses a submit ${what} with 400 and names the field`, async () => {
    await using role = testApp();
    const error = await refusal(await role.post(body), 400);
    assert.equal(error.code, code);
    assert.equal(error.type, "invalid_request_error");
    assert.equal(fieldOf(error), field);
    assert.ok(error.message.includes(`"${field}"`), error.message);
    assert.deepEqual(role.registry.list(), []);
  });
}

Deno.test("POST /v1/jobs names the operation that it does not know, and those that it does", async () => {
  await using role = testApp();
  const error = await refusal(await role.post({ operation: "fly" }), 400);
  assert.match(error.message, /"fly"/);
  assert.match(error.message, /story, hold/);
});

Deno.test("POST /v1/jobs refuses a body over 8 MiB that tells its length with 413", async () => {
  await using role = testApp();
  const body = JSON.stringify({ ...STORY, words: ["x".repeat(MAX_BODY_BYTES)] });
  const error = await refusal(
    await role.post(body, { "Content-Length": String(body.length) }),
    413,
  );
  assert.equal(error.code, "body_too_large");
  assert.match(error.message, /8 MiB/);
});

Deno.test("POST /v1/jobs refuses a body over 8 MiB that does not tell its length with 413", async () => {
  await using role = testApp();
  let sent = 0;
  const chunk = new Uint8Array(1024 * 1024).fill(32);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent++ < 64) controller.enqueue(chunk);
      else controller.close();
    },
  });
  const response = await role.app.request("/v1/jobs", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
  });
  const error = await refusal(response, 413);
  assert.equal(error.code, "body_too_large");
  assert.ok(sent < 16, `read ${sent} MiB before it refused`);
});

Deno.test("POST /v1/jobs takes a body of exactly 8 MiB", async () => {
  await using role = testApp();
  const frame = JSON.stringify({ ...STORY, words: [""] });
  const body = JSON.stringify({ ...STORY, words: ["x".repeat(MAX_BODY_BYTES - frame.length)] });
  assert.equal(body.length, MAX_BODY_BYTES);
  const response = await role.post(body);
  assert.equal(response.status, 202);
  await role.registry.get((await response.json()).job_id).ended;
});

Deno.test("POST /v1/jobs with the same job_id answers with the same job", async () => {
  await using role = testApp();
  const job_id = newJobId();
  const submit = { operation: "hold", gate: "once", job_id };
  const first = await role.post(submit);
  await role.gates.reached("once");
  const correlation = first.headers.get("x-correlation-id");
  const second = await role.post(submit, { "X-Correlation-Id": crypto.randomUUID() });
  assert.equal(second.status, 202);
  assert.deepEqual(await second.json(), await first.json());
  assert.equal(second.headers.get("x-correlation-id"), correlation);
  role.gates.open("once");
  await role.registry.get(job_id).ended;
  assert.equal((await (await role.post(submit)).json()).job_id, job_id);
  const events = logEvents(role.registry.get(job_id).log);
  assert.deepEqual(events.map((event) => event.type), ["narration", "token", "done"]);
  assert.equal(role.registry.list().length, 1);
});

Deno.test("POST /v1/jobs keeps and returns X-Correlation-Id, and narration carries it", async () => {
  await using role = testApp();
  const correlationId = "0B5A8D6E-3f0c-4c39-9d43-0a3f2d1b7c55";
  const response = await role.post(STORY, { "X-Correlation-Id": correlationId });
  assert.equal(response.headers.get("x-correlation-id"), correlationId);
  const { job_id } = await response.json();
  await role.registry.get(job_id).ended;
  assert.equal((await role.view(job_id)).correlation_id, correlationId);
  const [event] = logEvents(role.registry.get(job_id).log);
  assert.ok(event?.type === "narration");
  assert.equal(event.correlation_id, correlationId);
});

Deno.test("POST /v1/jobs makes a correlation id of its own when none is sent", async () => {
  await using role = testApp();
  const ids = [await role.post(STORY), await role.post(STORY)].map((response) =>
    correlationIdSchema.parse(response.headers.get("x-correlation-id"))
  );
  assert.notEqual(ids[0], ids[1]);
});

for (
  const given of [
    "abc",
    "",
    "0b5a8d6e3f0c4c399d430a3f2d1b7c55",
    "{0b5a8d6e-3f0c-4c39-9d43-0a3f2d1b7c55}",
    "0b5a8d6e-3f0c-4c39-9d43-0a3f2d1b7c55 x",
    "zzzzzzzz-3f0c-4c39-9d43-0a3f2d1b7c55",
  ]
) {
  Deno.test(`POST /v1/jobs refuses the X-Correlation-Id "${given}" with 400`, async () => {
    await using role = testApp();
    const error = await refusal(await role.post(STORY, { "X-Correlation-Id": given }), 400);
    assert.equal(error.code, "invalid_request");
    assert.equal(fieldOf(error), "X-Correlation-Id");
    assert.deepEqual(role.registry.list(), []);
  });
}

Deno.test("POST /v1/jobs is refused with 503 while the role stops", async () => {
  await using role = testApp();
  role.health.status = "stopping";
  const error = await refusal(await role.post(STORY), 503);
  assert.equal(error.code, "shutting_down");
  assert.equal(error.type, "server_error");
  assert.deepEqual(role.registry.list(), []);
});

Deno.test("POST /v1/jobs ends a job that meets its operation's limit as an error that tells it", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "sleeper" });
  await role.registry.get(id).ended;
  const view = await role.view(id);
  assert.equal(view.state, "error");
  assert.equal(view.error?.code, "timeout");
  assert.match(view.error?.message ?? "", /"sleeper" took longer than its limit of 0 s/);
});

Deno.test("GET /v1/jobs/{id} tells the code, message and details of an error", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "fail", code: "model_not_found" });
  await role.registry.get(id).ended;
  const view = jobViewSchema.parse(await role.view(id));
  assert.equal(view.state, "error");
  assert.deepEqual(view.error, {
    code: "model_not_found",
    message: "Cannot find the wheel",
    details: { wheel: 4 },
  });
  assert.equal(view.result, undefined);
});

Deno.test("GET /v1/jobs/{id} tells a defect as internal, without its stack", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "fail" });
  await role.registry.get(id).ended;
  const text = await (await role.get(`/v1/jobs/${id}`)).text();
  assert.match(text, /"code":"internal"/);
  assert.doesNotMatch(text, /\.ts:/);
});

Deno.test("GET /v1/jobs/{id} follows a job through its states", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "hold", gate: "g" });
  const running = jobViewSchema.parse(await role.view(id));
  assert.equal(running.state, "running");
  assert.notEqual(running.started_at, null);
  assert.equal(running.finished_at, null);
  role.gates.open("g");
  await role.registry.get(id).ended;
  const done = jobViewSchema.parse(await role.view(id));
  assert.equal(done.state, "done");
  assert.equal(done.result, "g");
  assert.equal(done.last_seq, 3);
});

const JOB_ROUTES = [["GET", ""], ["DELETE", ""], ["GET", "/stream"]] as const;

for (const [method, tail] of JOB_ROUTES) {
  Deno.test(`${method} /v1/jobs/{id}${tail} of an unknown job is 404`, async () => {
    await using role = testApp();
    for (const id of [newJobId(), "job-1", "%2e%2e%2fsecret", "a%00b"]) {
      const error = await refusal(await role.app.request(`/v1/jobs/${id}${tail}`, { method }), 404);
      assert.equal(error.code, "job_not_found");
      assert.equal(error.type, "invalid_request_error");
    }
  });

  Deno.test(`${method} /v1/jobs/{id}${tail} of an expired job is 410`, async () => {
    await using role = testApp({ registry: { maxEndedJobs: 0 } });
    const id = await role.submit(STORY);
    await role.registry.active()[0]?.ended;
    const response = await role.app.request(`/v1/jobs/${id}${tail}`, { method });
    const error = await refusal(response, 410);
    assert.equal(error.code, "job_expired");
    assert.ok(error.message.includes(id));
  });
}

Deno.test("GET /v1/jobs lists the newest first and fits the contract", async () => {
  await using role = testApp();
  assert.deepEqual(await (await role.get("/v1/jobs")).json(), { jobs: [] });
  const ids = [await role.submit(STORY), await role.submit(STORY), await role.submit(STORY)];
  const { jobs } = jobListSchema.parse(await (await role.get("/v1/jobs")).json());
  assert.deepEqual(jobs.map((job) => job.job_id), ids.toReversed());
});

Deno.test("GET /v1/jobs?state= and ?limit= choose", async () => {
  await using role = testApp();
  const done = [await role.submit(STORY), await role.submit(STORY)];
  const held = [
    await role.submit({ operation: "hold", gate: "g" }),
    await role.submit({ operation: "hold", gate: "g" }),
  ];
  await Promise.all(done.map((id) => role.registry.get(id).ended));
  const list = async (query: string) => {
    const { jobs } = jobListSchema.parse(await (await role.get(`/v1/jobs?${query}`)).json());
    return jobs.map((job) => job.job_id);
  };
  assert.deepEqual(await list("state=done"), done.toReversed());
  assert.deepEqual(await list("state=running"), held.toReversed());
  assert.deepEqual(await list("state=error"), []);
  assert.deepEqual(await list("state=done&limit=1"), [done[1]]);
  assert.deepEqual(await list("limit=3"), [held[1], held[0], done[1]]);
  assert.deepEqual(await list("limit=100"), [...done, ...held].toReversed());
});

Deno.test("GET /v1/jobs?results=false leaves out what can be large", async () => {
  await using role = testApp();
  const ids = [
    await role.submit(STORY),
    await role.submit({ operation: "fail", code: "model_not_found" }),
  ];
  await Promise.all(ids.map((id) => role.registry.get(id).ended));
  const list = async (query: string) =>
    jobListSchema.parse(await (await role.get(`/v1/jobs${query}`)).json()).jobs;
  const [failed, done] = await list("?results=true");
  assert.ok(done?.result !== undefined && failed?.error?.details !== undefined);
  assert.deepEqual(await list(""), [failed, done]);
  const { result: _, ...doneInShort } = done;
  const { code, message } = failed.error;
  assert.deepEqual(await list("?results=false"), [
    { ...failed, error: { code, message } },
    doneInShort,
  ]);
});

for (
  const [query, field] of [
    ["results=", "results"],
    ["results=no", "results"],
    ["state=finished", "state"],
    ["state=", "state"],
    ["limit=0", "limit"],
    ["limit=-1", "limit"],
    ["limit=abc", "limit"],
    ["limit=1.5", "limit"],
    ["limit=99999999999999999999", "limit"],
    ["limit=", "limit"],
  ] as const
) {
  Deno.test(`GET /v1/jobs?${query} is 400 and names ${field}`, async () => {
    await using role = testApp();
    const error = await refusal(await role.get(`/v1/jobs?${query}`), 400);
    assert.equal(fieldOf(error), field);
    assert.ok(error.message.includes(`"${field}"`));
  });
}

Deno.test("DELETE /v1/jobs/{id} answers 202 while the job is being cancelled, and 409 after", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "hold", gate: "g", cleanup: "c" });
  await role.gates.reached("g");
  const first = await role.app.request(`/v1/jobs/${id}`, { method: "DELETE" });
  assert.equal(first.status, 202);
  assert.deepEqual(cancelAnswerSchema.parse(await first.json()), { job_id: id, state: "running" });
  await role.gates.reached("c");
  const again = await role.app.request(`/v1/jobs/${id}`, { method: "DELETE" });
  assert.equal(again.status, 202);
  assert.equal((await role.view(id)).state, "running");
  role.gates.open("c");
  await role.registry.get(id).ended;
  assert.equal((await role.view(id)).state, "cancelled");
  const events = logEvents(role.registry.get(id).log);
  assert.deepEqual(
    events.map((event) => event.type === "narration" ? event.action : event.type),
    ["hold", "let_go", "cancelled"],
  );
  const error = await refusal(await role.app.request(`/v1/jobs/${id}`, { method: "DELETE" }), 409);
  assert.equal(error.code, "job_already_ended");
  assert.match(error.message, /already ended \(cancelled\)/);
});

for (const operation of ["story", "fail"]) {
  Deno.test(`DELETE /v1/jobs/{id} of a job (${operation}) that has ended is 409`, async () => {
    await using role = testApp();
    const id = await role.submit(operation === "story" ? STORY : { operation });
    await role.registry.get(id).ended;
    const before = await role.view(id);
    const response = await role.app.request(`/v1/jobs/${id}`, { method: "DELETE" });
    assert.equal((await refusal(response, 409)).code, "job_already_ended");
    assert.deepEqual(await role.view(id), before);
  });
}

for (
  const [method, path] of [
    ["GET", "/v1"],
    ["GET", "/v1/"],
    ["GET", "/v1/job"],
    ["GET", "/v1/jobs/"],
    ["GET", "/v1/jobs/x/y"],
    ["GET", "/v2/jobs"],
    ["GET", "/"],
    ["GET", "/index.html"],
    ["POST", "/"],
    ["PUT", "/v1/jobs"],
    ["DELETE", "/v1/jobs"],
    ["POST", "/v1/jobs/job-1"],
    ["GET", "/v1/shutdown"],
    ["GET", "/HEALTH"],
    ["GET", "/v1/%ff"],
  ] as const
) {
  Deno.test(`${method} ${path} is not there: 404 as JSON`, async () => {
    await using role = testApp();
    const error = await refusal(await role.app.request(path, { method }), 404);
    assert.match(error.code, /^(not_found|job_not_found)$/);
    assert.equal(error.type, "invalid_request_error");
  });
}

Deno.test("Job routes refuse a foreign Host and a foreign Origin with 403", async () => {
  await using role = testApp();
  const host = await refusal(await role.post(STORY, { Host: "rebind.example:7833" }), 403);
  assert.equal(host.code, "forbidden_host");
  assert.equal(host.type, "permission_error");
  const origin = await refusal(
    await role.post(STORY, { Host: "127.0.0.1:7833", Origin: "http://127.0.0.1:9999" }),
    403,
  );
  assert.equal(origin.code, "forbidden_origin");
  assert.deepEqual(role.registry.list(), []);
});
