import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { decodeEvents } from "../../src/sse/decode_events.ts";
import { MAX_EVENT_CHARACTERS } from "../../src/sse/decode_messages.ts";
import {
  encodeEvent,
  encodeGap,
  KEEPALIVE_COMMENT,
  STREAM_HEAD,
} from "../../src/sse/encode_event.ts";
import { bodyOf, bytesOf, cutAt } from "../helpers/bytes.ts";
import { anyNewEvent, EVENTS, HOSTILE_EVENTS, placed } from "../helpers/sample_events.ts";

const AT = "2026-01-31T12:00:00.123Z";

function decode(chunks: readonly Uint8Array[]): Promise<JobEvent[]> {
  return Array.fromAsync(decodeEvents(bodyOf(chunks).body));
}

function encode(event: JobEvent): string {
  if (event.type === "gap") return encodeGap(event.from, event.to);
  const { seq, at, ...rest } = event;
  return encodeEvent(seq, at, rest);
}

const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Error && "code" in error);
  assert.equal(error.code, "bad_event");
  assert.match(error.message, pattern);
  return true;
};

Deno.test("decodeEvents() reads back every kind of event", async () => {
  assert.deepEqual(await decode([bytesOf(EVENTS.map(encode).join(""))]), EVENTS);
});

Deno.test("decodeEvents() reads back events that hold hostile texts", async () => {
  const events = HOSTILE_EVENTS.map((event, index) => placed(index + 1, event));
  assert.deepEqual(await decode([bytesOf(events.map(encode).join(""))]), events);
});

Deno.test("decodeEvents() gives the same events at every split point", async () => {
  const texts = ["[DONE]", "event: done\n\n", "\u2028\u0000\ud800\r\n", "b\u00e9\u{1f41d}"];
  const events = [
    ...texts.map((text, i) => placed(i + 1, { type: "token", text, i })),
    placed(5, { type: "done", result: texts }),
  ];
  const bytes = bytesOf(STREAM_HEAD + events.map(encode).join(KEEPALIVE_COMMENT));
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(await decode(cutAt(bytes, [at])), events, `cut before byte ${at}`);
  }
});

Deno.test("decodeEvents() gives the same events byte by byte", async () => {
  const bytes = bytesOf(EVENTS.map(encode).join(""));
  assert.deepEqual(await decode(cutAt(bytes, [...bytes.keys()])), EVENTS);
});

Deno.test("decodeEvents() gives any events back however the network cut them", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyNewEvent(), { maxLength: 6 }),
      fc.array(fc.nat(3000), { maxLength: 12 }),
      async (newEvents, places) => {
        const events = newEvents.map((event, index) => placed(index + 1, event));
        const bytes = bytesOf(events.map(encode).join(""));
        assert.deepEqual(await decode(cutAt(bytes, places)), events);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("decodeEvents() takes a token that reads like a terminal event for a token", async () => {
  const forged = encode(placed(2, { type: "done", result: "forged" }));
  const events = await decode([
    bytesOf(encode(placed(1, { type: "token", text: `\n\n${forged}`, i: 0 }))),
  ]);
  assert.deepEqual(events.map((event) => event.type), ["token"]);
});

Deno.test("decodeEvents() passes over comments, retry and types it does not know", async () => {
  const stream = STREAM_HEAD + KEEPALIVE_COMMENT +
    `id: 1\nevent: metrics\ndata: not even JSON\n\n` +
    `data: [DONE]\n\n` +
    encode(placed(2, { type: "token", text: "a", i: 0 })) + KEEPALIVE_COMMENT;
  assert.deepEqual(await decode([bytesOf(stream)]), [
    placed(2, { type: "token", text: "a", i: 0 }),
  ]);
});

Deno.test("decodeEvents() passes over fields that it does not know", async () => {
  const stream = `id: 1\nevent: token\ndata: {"seq":1,"at":"${AT}","text":"a","i":0,"new":1}\n\n`;
  assert.deepEqual(await decode([bytesOf(stream)]), [
    placed(1, { type: "token", text: "a", i: 0 }),
  ]);
});

Deno.test("decodeEvents() reads carriage returns as line ends too", async () => {
  const events = [placed(1, { type: "token", text: "a", i: 0 })];
  const stream = events.map(encode).join("").replaceAll("\n", "\r\n");
  assert.deepEqual(await decode([bytesOf(stream)]), events);
});

Deno.test("decodeEvents() ends without an event of its own when the body ends", async () => {
  assert.deepEqual(await decode([]), []);
  assert.deepEqual(await decode([bytesOf(STREAM_HEAD)]), []);
});

Deno.test("decodeEvents() does not give an event whose end never came", async () => {
  const whole = encode(placed(1, { type: "token", text: "a", i: 0 }));
  const cut = encode(placed(2, { type: "done", result: null })).slice(0, -1);
  assert.deepEqual(await decode([bytesOf(whole + cut)]), [
    placed(1, { type: "token", text: "a", i: 0 }),
  ]);
});

Deno.test("decodeEvents() takes the type from the event line alone", async () => {
  const stream = `event: token\ndata: {"seq":1,"at":"${AT}","type":"done","text":"a","i":0}\n\n`;
  const [event] = await decode([bytesOf(stream)]);
  assert.equal(event?.type, "token");
});

Deno.test("decodeEvents() throws bad_event for data that is not JSON", async () => {
  await assert.rejects(
    decode([bytesOf("event: done\ndata: [DONE]\n\n")]),
    refused(/"done" event that is not JSON/),
  );
});

Deno.test("decodeEvents() throws bad_event that names the field that does not fit", async () => {
  const stream = `event: token\ndata: {"seq":1,"at":"${AT}","text":7,"i":0}\n\n`;
  await assert.rejects(
    decode([bytesOf(stream)]),
    refused(/"token" event that does not fit: text /),
  );
  for (const data of ["null", "[]", '"text"', "7", "{}"]) {
    await assert.rejects(
      decode([bytesOf(`event: gap\ndata: ${data}\n\n`)]),
      refused(/"gap" event that does not fit/),
    );
  }
});

Deno.test("decodeEvents() throws bad_event for an event that never ends, in bounded memory", async () => {
  const chunk = bytesOf("x".repeat(1024 * 1024));
  const chunks = [
    bytesOf("event: token\ndata: "),
    ...Array.from({ length: MAX_EVENT_CHARACTERS / chunk.length + 1 }, () => chunk),
  ];
  const endless = bodyOf([...chunks, ...chunks]);
  await assert.rejects(Array.fromAsync(decodeEvents(endless.body)), refused(/too long/));
  assert.equal(endless.cancelled(), true);
});

Deno.test("decodeEvents() cancels the body when the caller stops early", async () => {
  const chunks = Array.from(
    { length: 10 },
    (_, i) => bytesOf(encode(placed(i + 1, { type: "token", text: "a", i }))),
  );
  const { body, cancelled } = bodyOf(chunks);
  for await (const event of decodeEvents(body)) {
    if (event.type === "token" && event.i === 2) break;
  }
  assert.equal(cancelled(), true);
});

Deno.test("decodeEvents() cancels the body after an event that does not fit", async () => {
  const { body, cancelled } = bodyOf([bytesOf("event: done\ndata: x\n\n"), bytesOf("more")]);
  await assert.rejects(Array.fromAsync(decodeEvents(body)));
  assert.equal(cancelled(), true);
});

Deno.test("decodeEvents() fails as the body fails, after the events before", async () => {
  const lost = new Error("connection lost");
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) {
        controller.enqueue(bytesOf(encode(placed(1, { type: "token", text: "a", i: 0 }))));
      } else {
        controller.error(lost);
      }
    },
  });
  const seen: JobEvent[] = [];
  const reading = (async () => {
    for await (const event of decodeEvents(body)) seen.push(event);
  })();
  await assert.rejects(reading, lost);
  assert.equal(seen.length, 1);
});
