import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { listen } from "../../src/http/listen.ts";
import { describeJobRoutes } from "../../src/jobs/described_routes.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { startCuttableProxy } from "../helpers/cuttable_proxy.ts";
import { startTestRole, testApp } from "../helpers/test_role.ts";

const STORY = { operation: "story", words: ["Once", " upon"] };

Deno.test("POST /v1/jobs?stream=true answers with that of the job, from its begin", async () => {
  await using role = testApp();
  const job_id = newJobId();
  const answer = await role.post({ ...STORY, job_id }, {}, "?stream=true");
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.equal(
    answer.headers.get("x-correlation-id"),
    role.registry.get(job_id).correlationId,
  );
  const streamed = await answer.text();
  assert.match(streamed, /event: done\n/);
  assert.equal(streamed, await (await role.get(`/v1/jobs/${job_id}/stream`)).text());
});

Deno.test("POST /v1/jobs?stream=true answers a repeat with the same job's", async () => {
  await using role = testApp();
  const body = { ...STORY, job_id: newJobId() };
  const first = await (await role.post(body, {}, "?stream=true")).text();
  assert.equal(await (await role.post(body, {}, "?stream=true")).text(), first);
  assert.equal(role.registry.list().length, 1);
});

Deno.test("POST /v1/jobs?stream=true refuses as it does without one", async () => {
  await using role = testApp();
  const answer = await role.post({ operation: "nothing" }, {}, "?stream=true");
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).error.code, "unknown_operation");
});

Deno.test("POST /v1/jobs?stream= takes true and false alone", async () => {
  await using role = testApp();
  const answer = await role.post(STORY, {}, "?stream=yes");
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).error.details.field, "stream");
  assert.equal((await role.post(STORY, {}, "?stream=false")).status, 202);
});

Deno.test("POST /v1/jobs names its job in X-Rbee-Job-Id, with a stream and without", async () => {
  await using role = testApp();
  for (const query of ["", "?stream=true"]) {
    const job_id = newJobId();
    const answer = await role.post({ ...STORY, job_id }, {}, query);
    assert.equal(answer.headers.get("x-rbee-job-id"), job_id);
    const described = describeJobRoutes({})[0]!.answers[answer.status]!.headers!;
    assert.deepEqual(described.map(({ name }) => answer.headers.has(name)), [true, true]);
    await answer.text();
  }
});

Deno.test("POST /v1/jobs?stream=true answers in the plain dialect on request, as the job's stream does", async () => {
  await using role = testApp();
  for (
    const [query, headers] of [
      ["&format=text", {}],
      ["", { Accept: "text/plain" }],
    ] as [string, Record<string, string>][]
  ) {
    const job_id = newJobId();
    const answer = await role.post({ ...STORY, job_id }, headers, `?stream=true${query}`);
    const streamed = await answer.text();
    assert.match(streamed, /data: \[DONE\]\n/);
    assert.equal(
      streamed,
      await (await role.get(`/v1/jobs/${job_id}/stream?format=text`)).text(),
    );
  }
});

Deno.test("POST /v1/jobs?stream=true of a repeat is taken up where its reader was", async () => {
  await using role = testApp();
  const body = { ...STORY, job_id: newJobId() };
  await (await role.post(body, {}, "?stream=true")).text();
  const rest = await (await role.get(`/v1/jobs/${body.job_id}/stream?after=2`)).text();
  assert.ok(!rest.includes("id: 2\n") && rest.includes("id: 3\n"));
  for (
    const answer of [
      await role.post(body, {}, "?stream=true&after=2"),
      await role.post(body, { "Last-Event-ID": "2" }, "?stream=true"),
    ]
  ) {
    assert.equal(await answer.text(), rest);
  }
});

Deno.test("POST /v1/jobs?stream=true refuses a wrong cursor or form before there is a job", async () => {
  await using role = testApp();
  for (
    const [query, code] of [
      ["&after=x", "invalid_cursor"],
      ["&after=1", "invalid_cursor"],
      ["&format=html", "invalid_request"],
    ]
  ) {
    const answer = await role.post(STORY, {}, `?stream=true${query}`);
    assert.equal(answer.status, 400);
    assert.equal((await answer.json()).error.code, code);
  }
  assert.deepEqual(role.registry.list(), []);
});

Deno.test("Who leaves the stream of a submit is no reader of the job any more", async () => {
  await using role = testApp();
  const job_id = newJobId();
  const body = { operation: "hold", gate: "g", job_id, unwatched_limit_ms: 10 };
  const answer = await role.post(body, {}, "?stream=true");
  await answer.body!.cancel();
  const job = role.registry.get(job_id);
  await job.ended;
  assert.equal(job.state, "cancelled");
});

Deno.test("JobClient.submitAndStream() asks one thing alone", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  const events: JobEvent[] = [];
  const client = new JobClient(proxy.url);
  const end = await client.submitAndStream(STORY, (event) => void events.push(event));
  assert.equal(end.type, "done");
  assert.equal(events.length, 5);
  assert.equal(proxy.sent().join("").match(/ HTTP\/1\.1\r\n/g)?.length, 1);
});

Deno.test("JobClient.submitAndStream() asks for the stream where a submit is answered without one", async () => {
  const asked: string[] = [];
  const end = { seq: 1, at: "2026-01-31T12:00:00.123Z", result: null };
  const server = listen({
    host: "127.0.0.1",
    port: 0,
    handler: async (request) => {
      const { pathname } = new URL(request.url);
      asked.push(`${request.method} ${pathname}`);
      if (request.method === "GET") {
        return new Response(`id: 1\nevent: done\ndata: ${JSON.stringify(end)}\n\n`, {
          headers: { "Content-Type": "text/event-stream" },
        });
      }
      const { job_id } = await request.json();
      return Response.json({ job_id, sse_url: `/v1/jobs/${job_id}/stream` }, { status: 202 });
    },
  });
  try {
    const jobId = newJobId();
    const given = await new JobClient(server.url).submitAndStream(STORY, () => {}, { jobId });
    assert.equal(given.type, "done");
    assert.deepEqual(asked, ["POST /v1/jobs", `GET /v1/jobs/${jobId}/stream`]);
  } finally {
    await server.close({ drainMs: 1 });
  }
});
