import assert from "node:assert/strict";
import { errorBodySchema } from "../../src/contracts/error_body.ts";
import { jobEventSchema } from "../../src/contracts/job_event.ts";
import { FrameReader, jsonOf, parseFrames } from "../helpers/event_frames.ts";
import { logEvents } from "../helpers/log_events.ts";
import { type TestApp, testApp } from "../helpers/test_role.ts";

const AT = "2026-01-31T12:00:00.123Z";
const STORY = { operation: "story", words: ["Once", " upon", " a time"] };
const STORY_EVENTS = ["narration", "token", "token", "token", "narration", "done"];

async function endedStory(role: TestApp): Promise<string> {
  const id = await role.submit(STORY);
  await role.registry.get(id).ended;
  return id;
}

async function read(role: TestApp, id: string, query = "", headers = {}) {
  const response = await role.get(`/v1/jobs/${id}/stream${query}`, headers);
  assert.equal(response.status, 200);
  return await response.text();
}

Deno.test("The stream begins with retry and holds each event as id, event and data", async () => {
  await using role = testApp();
  const id = await endedStory(role);
  const text = await read(role, id);
  const { correlation_id } = await role.view(id);
  const times = [...text.matchAll(/"at":"([^"]+)"/g)].map((match) => match[1]!);
  const actor = /"actor":"([a-z]+)"/.exec(text)![1]!;
  const narration = (seq: number, action: string, human: string, fields = "") =>
    `id: ${seq}\nevent: narration\ndata: {"seq":${seq},"at":"${times[seq - 1]}",` +
    `"actor":"${actor}","action":"${action}","human":"${human}","level":"info","job_id":"${id}",` +
    `"correlation_id":"${correlation_id}",${fields}` +
    `"formatted":"[${actor.padEnd(10)}] ${action.padEnd(15)}: ${human}"}\n\n`;
  const token = (seq: number, word: string, i: number) =>
    `id: ${seq}\nevent: token\ndata: {"seq":${seq},"at":"${
      times[seq - 1]
    }","text":"${word}","i":${i}}\n\n`;
  assert.equal(
    text,
    "retry: 1000\n\n" +
      narration(1, "story_begin", "Telling a story", '"fields":{"words":3},') +
      token(2, "Once", 0) + token(3, " upon", 1) + token(4, " a time", 2) +
      narration(5, "story_end", "The story is told") +
      `id: 6\nevent: done\ndata: {"seq":6,"at":"${times[5]}","result":{"words":3},` +
      '"usage":{"prompt_tokens":1,"completion_tokens":3},"finish_reason":"stop"}\n\n',
  );
});

Deno.test("The stream holds the contract's example to the byte", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "hold", gate: "g" });
  const job = role.registry.get(id);
  const correlation_id = job.correlationId;
  const human = "Spawning worker for bee-tiny on cpu";
  const formatted = `[hive      ] worker_spawn   : ${human}`;
  const seq = job.log.append({
    type: "narration",
    at: AT,
    actor: "hive",
    action: "worker_spawn",
    human,
    level: "info",
    job_id: id,
    correlation_id,
    formatted,
  });
  role.gates.open("g");
  const text = await read(role, id);
  assert.ok(text.includes(
    `\n\nid: ${seq}\nevent: narration\ndata: {"seq":${seq},"at":"${AT}","actor":"hive",` +
      `"action":"worker_spawn","human":"${human}","level":"info","job_id":"${id}",` +
      `"correlation_id":"${correlation_id}","formatted":"${formatted}"}\n\n`,
  ));
});

Deno.test("The stream's headers forbid caches and buffers", async () => {
  await using role = testApp();
  const response = await role.get(`/v1/jobs/${await endedStory(role)}/stream`);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("x-accel-buffering"), "no");
  await response.body?.cancel();
});

Deno.test("The stream holds events of the contract's schema alone, numbered without holes", async () => {
  await using role = testApp();
  const frames = parseFrames(await read(role, await endedStory(role)));
  assert.deepEqual(frames.map((frame) => frame.event), STORY_EVENTS);
  frames.forEach((frame, n) => {
    assert.equal(frame.id, String(n + 1));
    const event = jobEventSchema.parse({ ...jsonOf(frame), type: frame.event });
    assert.equal(event.type === "gap" ? undefined : event.seq, n + 1);
  });
});

Deno.test("The stream of a failed job ends with error, of a cancelled one with cancelled", async () => {
  await using role = testApp();
  const failed = parseFrames(
    await read(role, await role.submit({ operation: "fail", code: "model_not_found" })),
  );
  assert.equal(failed.at(-1)?.event, "error");
  const { seq: _, at: __, ...error } = jsonOf(failed.at(-1));
  assert.deepEqual(error, {
    code: "model_not_found",
    message: "Cannot find the wheel",
    details: { wheel: 4 },
  });
  const id = await role.submit({ operation: "hold", gate: "never" });
  await (await role.app.request(`/v1/jobs/${id}`, { method: "DELETE" })).body?.cancel();
  const cancelled = parseFrames(await read(role, id));
  assert.deepEqual(cancelled.map((frame) => frame.event), ["narration", "narration", "cancelled"]);
  assert.equal(jsonOf(cancelled.at(-1))["reason"], "on request");
});

Deno.test("The stream gives data events their name and value", async () => {
  await using role = testApp();
  const value = { list: [1, null, "two"], nested: { deep: true } };
  const [data, done] = parseFrames(
    await read(role, await role.submit({ operation: "data", value })),
  );
  assert.equal(data?.event, "data");
  assert.deepEqual({ ...jsonOf(data), at: AT }, { seq: 1, at: AT, name: "answer", value });
  assert.equal(jsonOf(done)["result"], null);
});

for (const after of [0, 1, 3, 5]) {
  for (const way of ["Last-Event-ID", "?after="] as const) {
    Deno.test(`The stream resumes after ${after} by ${way}`, async () => {
      await using role = testApp();
      const id = await endedStory(role);
      const text = way === "?after="
        ? await read(role, id, `?after=${after}`)
        : await read(role, id, "", { "Last-Event-ID": String(after) });
      const ids = parseFrames(text).map((frame) => Number(frame.id));
      assert.deepEqual(ids, [1, 2, 3, 4, 5, 6].slice(after));
      assert.ok(text.startsWith("retry: 1000\n\n"));
    });
  }
}

Deno.test("The stream resumed after the terminal event is empty and ends", async () => {
  await using role = testApp();
  const text = await read(role, await endedStory(role), "?after=6");
  assert.equal(text, "retry: 1000\n\n");
});

Deno.test("Last-Event-ID wins over ?after=", async () => {
  await using role = testApp();
  const text = await read(role, await endedStory(role), "?after=1", { "Last-Event-ID": "4" });
  assert.deepEqual(parseFrames(text).map((frame) => frame.id), ["5", "6"]);
});

for (
  const given of [
    "99999999999999999999",
    "",
    "-1",
    "abc",
    "7",
    "1.5",
    "0x1",
    "1e1",
    "+1",
    "NaN",
    "²",
  ]
) {
  for (const way of ["Last-Event-ID", "?after="] as const) {
    // Such a header cannot be sent, and one that holds nothing is an EventSource's first request.
    if (way === "Last-Event-ID" && (given === "²" || given === "")) continue;
    Deno.test(`The stream refuses to resume after "${given}" by ${way}: 400`, async () => {
      await using role = testApp();
      const id = await endedStory(role);
      const response = way === "?after="
        ? await role.get(`/v1/jobs/${id}/stream?after=${encodeURIComponent(given)}`)
        : await role.get(`/v1/jobs/${id}/stream`, { "Last-Event-ID": given });
      assert.equal(response.status, 400);
      const { error } = errorBodySchema.parse(await response.json());
      assert.equal(error.code, "invalid_cursor");
      assert.ok(error.message.includes(given), error.message);
    });
  }
}

Deno.test("The stream of a running job refuses a cursor past what has happened", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "hold", gate: "g" });
  const response = await role.get(`/v1/jobs/${id}/stream?after=2`);
  assert.equal(response.status, 400);
  await response.body?.cancel();
});

Deno.test("A refused stream counts as no reader", async () => {
  await using role = testApp();
  for (const query of ["after=abc", "after=99", "format=xml"]) {
    const id = await role.submit({ operation: "hold", gate: "g", unwatched_limit_ms: 10 });
    const response = await role.get(`/v1/jobs/${id}/stream?${query}`);
    assert.equal(response.status, 400);
    await response.body?.cancel();
    await role.registry.get(id).ended;
    assert.equal((await role.view(id)).state, "cancelled");
  }
});

Deno.test("HEAD of a stream has its headers, ends and counts as no reader", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "hold", gate: "g", unwatched_limit_ms: 10 });
  const response = await role.app.request(`/v1/jobs/${id}/stream`, { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.equal(await response.text(), "");
  await role.registry.get(id).ended;
});

Deno.test("Readers that come early, late and after the end read the same bytes", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "whisper", secret: "honey", gate: "g" });
  const early = [read(role, id), read(role, id)];
  role.gates.open("g 1");
  await role.gates.reached("g 2");
  const late = [read(role, id), read(role, id)];
  role.gates.open("g 2");
  await role.registry.get(id).ended;
  const after = await read(role, id);
  assert.deepEqual(
    parseFrames(after).map((frame) => frame.event),
    ["narration", "narration", "token", "data", "done"],
  );
  for (const text of await Promise.all([...early, ...late])) assert.equal(text, after);
});

Deno.test("A hundred readers of one job all read everything", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "whisper", secret: "honey", gate: "g" });
  const readers = Array.from({ length: 100 }, () => read(role, id));
  role.gates.open("g 1");
  role.gates.open("g 2");
  const after = await read(role, id);
  for (const text of await Promise.all(readers)) assert.equal(text, after);
});

Deno.test("Two jobs at once with a secret each never see each other's events", async () => {
  await using role = testApp();
  const secrets = ["alpha-7f3a", "omega-c21b"];
  const ids = await Promise.all(
    secrets.map((secret, n) => role.submit({ operation: "whisper", secret, gate: `g${n}` })),
  );
  const texts = ids.map((id) => read(role, id));
  for (const gate of ["g1 1", "g0 1", "g0 2", "g1 2"]) {
    await role.gates.reached(gate);
    role.gates.open(gate);
  }
  for (const [n, text] of (await Promise.all(texts)).entries()) {
    assert.equal(parseFrames(text).length, 5);
    for (const frame of parseFrames(text)) assert.ok(frame.data.includes(secrets[n]!));
    assert.ok(!text.includes(secrets[1 - n]!));
    assert.ok(!text.includes(ids[1 - n]!));
  }
});

Deno.test("The stream delivers an event when it happens, not at the end of the job", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "whisper", secret: "honey", gate: "g" });
  const reader = new FrameReader(await role.get(`/v1/jobs/${id}/stream`));
  assert.equal(await reader.block(), "retry: 1000");
  assert.equal((await reader.frame()).event, "narration");
  assert.equal((await role.view(id)).state, "running");
  role.gates.open("g 1");
  assert.equal((await reader.frame()).event, "narration");
  assert.equal((await reader.frame()).event, "token");
  assert.equal((await role.view(id)).state, "running");
  role.gates.open("g 2");
  assert.deepEqual((await reader.rest()).map((frame) => frame.event), ["data", "done"]);
});

Deno.test("A slow reader gets a gap that tells what it missed, and the rest of the job", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "flood", lines: 200, length: 65_000 });
  const reader = new FrameReader(await role.get(`/v1/jobs/${id}/stream`));
  assert.equal(await reader.block(), "retry: 1000");
  const fast = new FrameReader(await role.get(`/v1/jobs/${id}/stream`));
  role.gates.open("flood");
  await role.registry.get(id).ended;
  const fastIds = (await fast.rest()).map((frame) => frame.event);
  assert.equal(fastIds.at(-1), "done");
  const frames = await reader.rest();
  const gaps = frames.filter((frame) => frame.event === "gap");
  assert.equal(gaps.length, 1);
  let next = 1;
  for (const frame of frames) {
    if (frame.event === "gap") {
      const { from, to } = jsonOf(frame) as { from: number; to: number };
      assert.deepEqual(Object.keys(jsonOf(frame)), ["from", "to"]);
      assert.equal(from, next);
      assert.equal(frame.id, String(to));
      next = to + 1;
    } else {
      assert.equal(frame.id, String(next++));
    }
  }
  assert.equal(frames.at(-1)?.event, "done");
  assert.equal(next - 1, 201);
});

Deno.test("A reader that goes away mid-stream neither stops the job nor loses it for others", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "whisper", secret: "honey", gate: "g" });
  const leaving = new FrameReader(await role.get(`/v1/jobs/${id}/stream`));
  const staying = read(role, id);
  await leaving.frame();
  await leaving.cancel();
  role.gates.open("g 1");
  role.gates.open("g 2");
  await role.registry.get(id).ended;
  assert.equal((await role.view(id)).state, "done");
  assert.equal(parseFrames(await staying).length, 5);
});

Deno.test("A reader that goes away is no longer counted, and the unwatched limit runs", async () => {
  await using role = testApp();
  const limit = { unwatched_limit_ms: 200 };
  const id = await role.submit({ operation: "hold", gate: "g", ...limit });
  const reader = new FrameReader(await role.get(`/v1/jobs/${id}/stream`));
  await reader.frame();
  // A job that nobody reads, begun later with the same limit, ends first.
  const probe = await role.submit({ operation: "hold", gate: "g", ...limit });
  await role.registry.get(probe).ended;
  assert.equal((await role.view(id)).state, "running");
  await reader.cancel();
  await role.registry.get(id).ended;
  const last = logEvents(role.registry.get(id).log).at(-1);
  assert.ok(last?.type === "cancelled");
  assert.equal(last.reason, "nobody has read its stream for 200 ms");
});

Deno.test("A reader that goes away while it lags behind is no longer counted", async () => {
  await using role = testApp();
  const id = await role.submit({
    operation: "hold",
    gate: "g",
    cleanup: "c",
    unwatched_limit_ms: 200,
  });
  const job = role.registry.get(id);
  const reader = new FrameReader(await role.get(`/v1/jobs/${id}/stream`));
  await reader.frame();
  for (let n = 0; n < 50; n++) {
    job.log.append({ type: "log", actor: "hive", stream: "stdout", line: "x".repeat(60_000) });
  }
  await reader.cancel();
  await role.gates.reached("c");
  role.gates.open("c");
  await job.ended;
  assert.equal(job.state, "cancelled");
});

Deno.test("A job without an unwatched limit runs on with no reader", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "hold", gate: "g" });
  const probe = await role.submit({ operation: "hold", gate: "g", unwatched_limit_ms: 20 });
  await role.registry.get(probe).ended;
  assert.equal((await role.view(id)).state, "running");
  role.gates.open("g");
  await role.registry.get(id).ended;
  assert.equal((await role.view(id)).state, "done");
});
