import assert from "node:assert/strict";
import { JobClient } from "../../src/jobs/job_client.ts";
import { parseNarrationText } from "../../src/narration/text_format.ts";
import { FrameReader, jsonOf, parseFrames } from "../helpers/event_frames.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { BEE_TINY, TestHive } from "../helpers/test_hive.ts";

async function errorOf(response: Response): Promise<{ status: number; code: string }> {
  const { error } = await response.json();
  return { status: response.status, code: error.code };
}

const MISSING = "worker-019c1234-5678-7abc-8def-0123456789ab";

Deno.test("the log of a worker holds what it said, also after it has failed, and ends", async () => {
  await using hive = new TestHive();
  await using folder = await TemporaryFolder.make();
  const path = folder.join("half.gguf");
  await Deno.writeTextFile(path, "GGUF and nothing that follows it");
  await hive.run({ ...BEE_TINY, model: path });
  const [worker] = await hive.list();
  assert.equal(worker?.state, "failed");
  const response = await fetch(`${hive.url}/v1/workers/${worker.worker_id}/log`);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const frames = parseFrames(await response.text());
  const said = frames.filter(({ event }) => event === "narration").map(jsonOf);
  assert.ok(said.some(({ action }) => action === "listening"));
  assert.deepEqual([said.at(-1)?.["actor"], said.at(-1)?.["level"]], ["worker", "error"]);
  for (const each of said) {
    assert.equal(parseNarrationText(String(each["formatted"]))?.human, each["human"]);
  }
  assert.equal(frames.at(-1)?.event, "error");
  assert.equal(jsonOf(frames.at(-1))["message"], worker.error?.message);
  assert.deepEqual(frames.map(({ id }) => Number(id)), frames.map((_, index) => index + 1));
});

Deno.test("the log of a worker holds what is no narration as captured lines, which the operator's log has too", async () => {
  await using hive = new TestHive();
  // More context than the model has learned: llama.cpp warns of it in its own words.
  const worker = await hive.spawn({ ...BEE_TINY, context: 2048, parallel: 1 });
  const response = await fetch(`${hive.url}/v1/workers/${worker.worker_id}/log?follow=false`);
  const logs = parseFrames(await response.text()).filter(({ event }) => event === "log").map(
    jsonOf,
  );
  const [warning] = logs.filter(({ line }) => /n_ctx_train/.test(String(line)));
  assert.ok(warning, "the warning was not captured");
  assert.deepEqual([warning["actor"], warning["stream"]], ["worker", "stderr"]);
  assert.ok(hive.diagnostics.includes(`${worker.worker_id} stderr: ${warning["line"]}`));
});

Deno.test("the log of a worker goes on while it runs and ends with it", async () => {
  await using hive = new TestHive();
  const worker = await hive.spawn();
  const reader = new FrameReader(await fetch(`${hive.url}/v1/workers/${worker.worker_id}/log`));
  while (jsonOf(await reader.frame())["action"] !== "worker_ready") {
    // What came before is the load.
  }
  await hive.run({ operation: "worker_stop", worker_id: worker.worker_id });
  const rest = await reader.rest();
  assert.equal(rest.at(-1)?.event, "done");
  assert.deepEqual(jsonOf(rest.at(-1))["result"], (await hive.list())[0]);
});

Deno.test("the log of a worker that runs ends at once where it is not to be followed", async () => {
  await using hive = new TestHive();
  const worker = await hive.spawn();
  const response = await fetch(`${hive.url}/v1/workers/${worker.worker_id}/log?follow=false`);
  const frames = parseFrames(await response.text());
  assert.equal(jsonOf(frames.at(-1))["action"], "worker_ready");
});

Deno.test("the log of a worker is resumed after the event that was read last", async () => {
  await using hive = new TestHive();
  const { worker_id } = await hive.spawn();
  await hive.run({ operation: "worker_stop", worker_id });
  const url = `${hive.url}/v1/workers/${worker_id}/log`;
  const all = parseFrames(await (await fetch(url)).text());
  const rest = await fetch(url, { headers: { "Last-Event-ID": "3" } });
  assert.deepEqual(parseFrames(await rest.text()), all.slice(3));
  assert.deepEqual(await errorOf(await fetch(`${url}?after=${all.length + 1}`)), {
    status: 400,
    code: "invalid_cursor",
  });
});

Deno.test("every route of a worker that is not there answers 404 worker_not_found", async () => {
  await using hive = new TestHive();
  for (const path of ["log", "proxy/health", "proxy/v1/jobs"]) {
    const response = await fetch(`${hive.url}/v1/workers/${MISSING}/${path}`);
    assert.deepEqual(await errorOf(response), { status: 404, code: "worker_not_found" });
  }
  assert.deepEqual(await errorOf(await fetch(`${hive.url}/v1/workers/${MISSING}/other`)), {
    status: 404,
    code: "not_found",
  });
});

Deno.test("the proxy route runs a job of the worker as if one spoke to it", async () => {
  await using hive = new TestHive();
  // Slow, so that the request is still there when it is counted.
  const threads = navigator.hardwareConcurrency * 2;
  const worker = await hive.spawn({ operation: "worker_spawn", model: "bee-tiny", threads });
  const proxied = new JobClient(`${hive.url}/v1/workers/${worker.worker_id}/proxy`);
  let text = "";
  let requests = 0;
  const end = await proxied.submitAndStream({
    operation: "infer",
    model: "bee-tiny",
    messages: [{ role: "user", content: "Count to five." }],
    temperature: 0,
    max_tokens: 3,
  }, async (event) => {
    if (event.type !== "token") return;
    if (text === "") requests = (await hive.list())[0]!.requests;
    text += event.text;
  });
  assert.equal(end.type, "done");
  assert.equal(text, "one, t");
  assert.equal(requests, 1, "the request was not counted while it ran");
  const direct = new JobClient(worker.url!);
  assert.equal((await direct.list()).length, 1, "the job is the worker's own");
  assert.equal((await hive.client.list({ limit: 10 })).length, 1, "the hive made a job of it");
});

Deno.test("the proxy route answers 502 worker_gone with the reason when the worker was killed", async () => {
  await using hive = new TestHive({ restarts: { maxRestarts: 0 } });
  const { worker_id, pid } = await hive.spawn();
  Deno.kill(pid!, "SIGKILL");
  const url = `${hive.url}/v1/workers/${worker_id}/proxy/health`;
  // At once, before its end is known, and when it is.
  for (let n = 0; n < 2; n++) {
    const response = await fetch(url);
    assert.equal(response.status, 502);
    const { error } = await response.json();
    assert.equal(error.code, "worker_gone");
    assert.match(error.message, /ended unexpectedly \(signal SIGKILL\)/);
    const { last_lines, ...how } = error.details;
    assert.deepEqual(how, { worker_id, exit_code: null, signal: "SIGKILL" });
    assert.ok(last_lines.length > 0);
    await hive.workers.get(worker_id).gone;
  }
});

Deno.test("the proxy route answers 502 worker_gone with the reason while a worker waits for its restart", async () => {
  await using hive = new TestHive({ restarts: { firstMs: 86_400_000, maxMs: 86_400_000 } });
  const { worker_id, pid } = await hive.spawn();
  Deno.kill(pid!, "SIGKILL");
  const response = await fetch(`${hive.url}/v1/workers/${worker_id}/proxy/v1/jobs`);
  assert.equal(response.status, 502);
  const { error } = await response.json();
  assert.equal(error.code, "worker_gone");
  assert.match(error.message, /ended unexpectedly \(signal SIGKILL\)/);
});

Deno.test("the proxy route answers 502 worker_gone when the worker was stopped", async () => {
  await using hive = new TestHive();
  const { worker_id } = await hive.spawn();
  await hive.run({ operation: "worker_stop", worker_id });
  const response = await fetch(`${hive.url}/v1/workers/${worker_id}/proxy/health`);
  assert.equal(response.status, 502);
  const { error } = await response.json();
  assert.deepEqual([error.code, error.message], [
    "worker_gone",
    `Worker "${worker_id}" was stopped`,
  ]);
});

Deno.test("a stream through the proxy breaks when the worker is killed, and asking again tells why", async () => {
  await using hive = new TestHive({ restarts: { firstMs: 86_400_000, maxMs: 86_400_000 } });
  const worker = await hive.spawn({ ...BEE_TINY, context: 4096, parallel: 1 });
  const proxied = new JobClient(`${hive.url}/v1/workers/${worker.worker_id}/proxy`);
  const answer = proxied.submitAndStream({
    operation: "infer",
    model: "bee-tiny",
    prompt: "bee ".repeat(3900),
  }, () => assert.fail("it answered"));
  await hive.workers.get(worker.worker_id).ready;
  while ((await hive.list())[0]!.requests === 0) {
    // Each turn asks the hive anew whether the stream is open.
  }
  Deno.kill(worker.pid!, "SIGKILL");
  await assert.rejects(answer, { name: "RbeeError", code: "worker_gone" });
  assert.equal((await hive.list())[0]!.requests, 0);
});
