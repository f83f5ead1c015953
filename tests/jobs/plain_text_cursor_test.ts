import assert from "node:assert/strict";
import { EventLog } from "../../src/jobs/event_log.ts";
import { PlainTextCursor } from "../../src/jobs/plain_text_cursor.ts";
import { parseFrames } from "../helpers/event_frames.ts";
import { type TestApp, testApp } from "../helpers/test_role.ts";

const STORY = { operation: "story", words: ["Once", " upon"] };

async function plain(role: TestApp, id: string, query = "?format=text", headers = {}) {
  const response = await role.get(`/v1/jobs/${id}/stream${query}`, headers);
  assert.equal(response.status, 200);
  return await response.text();
}

Deno.test("PlainTextCursor reads the events of a log as text and ends with it", async () => {
  const log = new EventLog();
  const cursor = new PlainTextCursor(log.cursor());
  assert.equal(cursor.read(), undefined);
  const waiting = cursor.wait({ timeoutMs: 60_000, signal: new AbortController().signal });
  log.append({ type: "log", actor: "worker", stream: "stderr", line: "loading" });
  assert.equal(await waiting, true);
  log.append({ type: "token", text: "a\nb", i: 0 });
  const decoder = new TextDecoder();
  assert.equal(decoder.decode(cursor.read()), "data: loading\n\ndata: a\ndata: b\n\n");
  assert.equal(cursor.ended, false);
  log.append({ type: "done", result: null });
  assert.equal(decoder.decode(cursor.read()), "data: [DONE]\n\n");
  assert.equal(cursor.ended, true);
});

for (
  const [what, query, headers] of [
    ["?format=text", "?format=text", {}],
    ["Accept: text/plain", "", { Accept: "text/plain" }],
    ["?format=text whatever Accept says", "?format=text", { Accept: "text/event-stream" }],
  ] as const
) {
  Deno.test(`The plain dialect is given for ${what}`, async () => {
    await using role = testApp();
    const id = await role.submit(STORY);
    const text = await plain(role, id, query, headers);
    const [, actor = ""] = /^data: \[([a-z]+) *\] story_begin/.exec(text) ?? [];
    assert.equal(
      text,
      `data: [${actor.padEnd(10)}] story_begin    : Telling a story\n\n` +
        "data: Once\n\ndata:  upon\n\n" +
        `data: [${actor.padEnd(10)}] story_end      : The story is told\n\n` +
        "data: [DONE]\n\n",
    );
  });
}

for (
  const [what, query, headers] of [
    ["no wish", "", {}],
    ["Accept: text/event-stream", "", { Accept: "text/event-stream" }],
    ["both types", "", { Accept: "text/event-stream, text/plain" }],
    ["Accept: */*", "", { Accept: "*/*" }],
    ["?format=events whatever Accept says", "?format=events", { Accept: "text/plain" }],
  ] as const
) {
  Deno.test(`The typed dialect is given for ${what}`, async () => {
    await using role = testApp();
    const text = await plain(role, await role.submit(STORY), query, headers);
    assert.ok(text.startsWith("retry: 1000\n\nid: 1\nevent: narration\n"));
  });
}

Deno.test("An unknown ?format= is 400 and names the field", async () => {
  await using role = testApp();
  const id = await role.submit(STORY);
  const response = await role.get(`/v1/jobs/${id}/stream?format=xml`);
  assert.equal(response.status, 400);
  const { error } = await response.json();
  assert.equal(error.code, "invalid_request");
  assert.deepEqual(error.details, { field: "format" });
});

Deno.test("The plain dialect ends with [ERROR] and the message, or with [CANCELLED]", async () => {
  await using role = testApp();
  const failed = await role.submit({ operation: "fail", code: "model_not_found" });
  assert.equal(await plain(role, failed), "data: [ERROR] Cannot find the wheel\n\n");
  const id = await role.submit({ operation: "hold", gate: "never" });
  role.registry.get(id).cancel("not wanted");
  assert.match(await plain(role, id), /\n\ndata: \[CANCELLED\]\n\n$/);
});

Deno.test("The plain dialect resumes as the typed one does", async () => {
  await using role = testApp();
  const id = await role.submit(STORY);
  await role.registry.get(id).ended;
  const later = await plain(role, id, "?format=text&after=2");
  assert.ok(later.startsWith("data:  upon\n\ndata: ["), later);
  assert.equal(
    await plain(role, id, "?format=text", { "Last-Event-ID": "4" }),
    "data: [DONE]\n\n",
  );
});

Deno.test("The plain dialect goes on after an event that has no plain form", async () => {
  await using role = testApp();
  const id = await role.submit({ operation: "data", value: 1 });
  assert.equal(await plain(role, id), "data: [DONE]\n\n");
});

Deno.test("Tokens that look like markers are tokens in the typed dialect", async () => {
  await using role = testApp();
  const words = [
    "[DONE]",
    "[ERROR] out of memory",
    "[CANCELLED]",
    "data: [DONE]\n\n",
    "\n\nid: 99\nevent: done\ndata: {}\n\n",
    "\r\nevent: cancelled\r\ndata: x\r\n\r\n",
    "event: error",
  ];
  const id = await role.submit({ operation: "story", words });
  const frames = parseFrames(await plain(role, id, ""));
  assert.deepEqual(frames.map((frame) => frame.event), [
    "narration",
    ...words.map(() => "token"),
    "narration",
    "done",
  ]);
  assert.deepEqual(
    frames.filter((frame) => frame.event === "token").map((frame) => JSON.parse(frame.data).text),
    words,
  );
});

Deno.test("Tokens that hold line ends stay inside their event in the plain dialect", async () => {
  await using role = testApp();
  const words = ["one\n\ntwo", "a\r\nb", "c\rd", "\n", "event: done\ndata: x"];
  const id = await role.submit({ operation: "story", words });
  const frames = parseFrames(await plain(role, id));
  assert.deepEqual(
    frames.slice(1, -2).map((frame) => frame.data),
    ["one\n\ntwo", "a\nb", "c\nd", "\n", "event: done\ndata: x"],
  );
  for (const frame of frames) assert.equal(frame.event, undefined);
  assert.equal(frames.at(-1)?.data, "[DONE]");
});
