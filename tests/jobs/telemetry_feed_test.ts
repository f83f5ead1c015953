import assert from "node:assert/strict";
import { Hono } from "hono";
import {
  TelemetryFeed,
  TelemetryReader,
  telemetryResponse,
} from "../../src/jobs/telemetry_feed.ts";
import { type Frame, FrameReader, parseFrames } from "../helpers/event_frames.ts";

const HOUR_MS = 3_600_000;

/** What was made, in order; each snapshot is its number and why it was made. */
class Source {
  readonly made: { n: number; beat: boolean }[] = [];

  snapshot({ beat }: { beat: boolean }): { n: number; beat: boolean } {
    const made = { n: this.made.length + 1, beat };
    this.made.push(made);
    return made;
  }
}

function feedOf(source: Source, beatMs = HOUR_MS): TelemetryFeed {
  return new TelemetryFeed({ snapshot: (how) => source.snapshot(how), beatMs });
}

/** All that waits for a reader. */
function read(reader: TelemetryReader): Frame[] {
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = reader.read(); bytes !== undefined; bytes = reader.read()) {
    text += decoder.decode(bytes);
  }
  return parseFrames(text);
}

function numbers(frames: readonly Frame[]): number[] {
  return frames.map((frame) => JSON.parse(frame.data).n);
}

Deno.test("TelemetryFeed gives a reader the state as it is now first", () => {
  const source = new Source();
  const reader = feedOf(source).subscribe();
  assert.deepEqual(read(reader), [
    { id: "1", event: "telemetry", data: '{"n":1,"beat":true}' },
  ]);
  assert.equal(reader.read(), undefined);
  reader.end();
});

Deno.test("a reader without ids that lags gets the newest state alone", () => {
  const feed = feedOf(new Source());
  const reader = feed.subscribe({ numbered: false });
  for (let n = 0; n < 200; n++) feed.changed();
  assert.deepEqual(numbers(read(reader)), [201]);
  feed.changed();
  assert.deepEqual(numbers(read(reader)), [202]);
  feed.close();
});

Deno.test("TelemetryFeed makes one snapshot a change for all readers, in order", () => {
  const source = new Source();
  const feed = feedOf(source);
  const readers = [feed.subscribe(), feed.subscribe()];
  for (let n = 0; n < 3; n++) feed.changed();
  assert.deepEqual(source.made.map(({ beat }) => beat), [true, true, false, false, false]);
  assert.deepEqual(readers.map((reader) => numbers(read(reader))), [[1, 3, 4, 5], [2, 3, 4, 5]]);
  feed.close();
});

Deno.test("TelemetryFeed beats while somebody reads", async () => {
  const source = new Source();
  const reader = feedOf(source, 1).subscribe();
  const beats: boolean[] = [];
  const { signal } = new AbortController();
  while (beats.length < 4) {
    assert.equal(await reader.wait({ timeoutMs: HOUR_MS, signal }), true);
    beats.push(...read(reader).map(({ data }) => JSON.parse(data).beat));
  }
  assert.ok(beats.every((beat) => beat));
  reader.end();
});

Deno.test("TelemetryFeed makes nothing while nobody reads", () => {
  const source = new Source();
  const feed = feedOf(source, 1);
  feed.changed();
  assert.equal(source.made.length, 0);
  feed.subscribe().end();
  feed.changed();
  assert.equal(source.made.length, 1);
});

Deno.test("TelemetryFeed has no timer left after its last reader, and one again after the next", async () => {
  // The sanitizer of this test sees a timer that is left.
  const source = new Source();
  const feed = feedOf(source);
  const readers = [feed.subscribe(), feed.subscribe()];
  for (const reader of readers) reader.end();
  const again = new TelemetryFeed({ snapshot: (how) => source.snapshot(how), beatMs: 1 });
  for (let round = 0; round < 2; round++) {
    const reader = again.subscribe();
    read(reader);
    await reader.wait({ timeoutMs: HOUR_MS, signal: new AbortController().signal });
    reader.end();
  }
});

Deno.test("TelemetryFeed has a slow reader lose the oldest past 64, and no other reader any", () => {
  const source = new Source();
  const feed = feedOf(source);
  const [slow, fast] = [feed.subscribe(), feed.subscribe()];
  const got = numbers(read(fast));
  for (let n = 0; n < 200; n++) {
    feed.changed();
    got.push(...numbers(read(fast)));
  }
  const kept = numbers(read(slow));
  assert.deepEqual(kept, Array.from({ length: 64 }, (_, i) => 202 - 63 + i));
  assert.deepEqual(got, Array.from({ length: 201 }, (_, i) => i + 2));
  feed.close();
});

Deno.test("TelemetryFeed numbers what it sends, so that a reader sees what it has lost", () => {
  const feed = feedOf(new Source());
  const reader = feed.subscribe();
  for (let n = 0; n < 100; n++) feed.changed();
  const ids = read(reader).map(({ id }) => Number(id));
  assert.deepEqual([ids[0], ids.at(-1), ids.length], [38, 101, 64]);
  reader.end();
});

Deno.test("TelemetryFeed gives a reader that wants no ids the same without them", () => {
  const source = new Source();
  const feed = feedOf(source);
  const [numbered, plain] = [feed.subscribe(), feed.subscribe({ numbered: false })];
  feed.changed();
  const [first, second] = [read(numbered), read(plain)];
  assert.deepEqual(first.map(({ id }) => id), ["1", "3"]);
  assert.deepEqual(second.map(({ id }) => id), [undefined]);
  assert.equal(second[0]?.data, first[1]?.data);
  assert.equal(source.made.length, 3, "one is made for both");
  feed.close();
});

Deno.test("TelemetryFeed.close() ends all readers after what waits for them", async () => {
  const source = new Source();
  const feed = feedOf(source);
  const [reader, other] = [feed.subscribe(), feed.subscribe()];
  read(other);
  const waiting = other.wait({ timeoutMs: HOUR_MS, signal: new AbortController().signal });
  feed.close();
  assert.equal(await waiting, true, "who waits is woken");
  assert.deepEqual([reader.ended, other.ended], [false, true]);
  assert.deepEqual(numbers(read(reader)), [1]);
  assert.equal(reader.ended, true);
  feed.changed();
  assert.equal(source.made.length, 2);
});

Deno.test("TelemetryReader.wait() ends with its signal and after its time", async () => {
  const reader = feedOf(new Source()).subscribe();
  const { signal } = new AbortController();
  assert.equal(await reader.wait({ timeoutMs: HOUR_MS, signal }), true, "something waits");
  read(reader);
  assert.equal(await reader.wait({ timeoutMs: 0, signal }), false);
  const abort = new AbortController();
  const waiting = reader.wait({ timeoutMs: HOUR_MS, signal: abort.signal });
  abort.abort();
  assert.equal(await waiting, false);
  reader.end();
});

Deno.test("TelemetryReader.end() tells once that it has ended", () => {
  let ended = 0;
  const reader = new TelemetryReader(() => ended++);
  reader.end();
  reader.end();
  assert.equal(ended, 1);
});

/** A feed as a route. */
function serve(feed: TelemetryFeed) {
  const app = new Hono();
  app.get("/", (c) => telemetryResponse(c, feed));
  return async (method = "GET") => await app.request("/", { method });
}

Deno.test("telemetryResponse() sends an event stream that ends with the feed", async () => {
  const feed = feedOf(new Source());
  const answer = await serve(feed)();
  assert.match(answer.headers.get("content-type") ?? "", /^text\/event-stream/);
  const frames = new FrameReader(answer);
  assert.equal(await frames.block(), "retry: 1000");
  assert.deepEqual(await frames.frame(), {
    id: "1",
    event: "telemetry",
    data: '{"n":1,"beat":true}',
  });
  feed.changed();
  assert.equal((await frames.frame()).data, '{"n":2,"beat":false}');
  feed.close();
  assert.deepEqual(await frames.rest(), []);
});

Deno.test("telemetryResponse() stops to make anything when its reader goes", async () => {
  const source = new Source();
  const feed = feedOf(source);
  const frames = new FrameReader(await serve(feed)());
  await frames.frame();
  await frames.cancel();
  feed.changed();
  assert.equal(source.made.length, 1);
});

Deno.test("telemetryResponse() to HEAD leaves no reader behind", async () => {
  const source = new Source();
  const feed = feedOf(source);
  const answer = await serve(feed)("HEAD");
  assert.equal(await answer.text(), "");
  feed.changed();
  assert.equal(source.made.length, 1);
});
