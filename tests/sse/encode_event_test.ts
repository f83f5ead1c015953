import assert from "node:assert/strict";
import fc from "fast-check";
import {
  encodeEvent,
  encodeGap,
  encodeLogLines,
  KEEPALIVE_COMMENT,
  RETRY_MS,
  STREAM_HEAD,
} from "../../src/sse/encode_event.ts";
import type { NewJobEvent } from "../../src/contracts/job_event.ts";
import { anyText } from "../helpers/hostile_strings.ts";
import { anyNewEvent, HOSTILE_EVENTS, placed } from "../helpers/sample_events.ts";

const AT = "2026-01-31T12:00:00.123Z";

Deno.test("encodeEvent() writes the contract's form byte for byte", () => {
  const text = encodeEvent(7, AT, { type: "token", text: "Hi", i: 0 });
  assert.equal(
    text,
    `id: 7\nevent: token\ndata: {"seq":7,"at":"${AT}","text":"Hi","i":0}\n\n`,
  );
});

Deno.test("encodeEvent() leaves the event's own time to its caller", () => {
  const text = encodeEvent(1, AT, {
    type: "cancelled",
    reason: "",
    at: "2020-01-01T00:00:00.000Z",
  });
  assert.equal(text, `id: 1\nevent: cancelled\ndata: {"seq":1,"at":"${AT}","reason":""}\n\n`);
});

Deno.test("encodeEvent() leaves the place that an event had in another log behind", () => {
  const elsewhere = placed(99, { type: "token", text: "a", i: 0 }, "2020-01-01T00:00:00.000Z");
  assert.ok(elsewhere.type === "token");
  assert.equal(
    encodeEvent(1, AT, elsewhere),
    encodeEvent(1, AT, { type: "token", text: "a", i: 0 }),
  );
});

Deno.test("encodeEvent() writes exactly three lines and a blank one, whatever the event holds", () => {
  const check = (text: string) => {
    assert.match(text, /^id: 5\nevent: [a-z]+\ndata: \{[^\r\n]*\}\n\n$/);
    assert.ok(text.isWellFormed());
  };
  for (const event of HOSTILE_EVENTS) check(encodeEvent(5, AT, event));
  fc.assert(fc.property(anyNewEvent(), (event) => check(encodeEvent(5, AT, event))));
});

Deno.test("encodeEvent() writes what JSON.stringify() writes of the event, in its order", () => {
  const check = (event: NewJobEvent) => {
    const { type, at: _at, ...data } = event;
    const json = JSON.stringify({ seq: 5, at: AT, ...data });
    assert.equal(encodeEvent(5, AT, event), `id: 5\nevent: ${type}\ndata: ${json}\n\n`);
  };
  for (const event of HOSTILE_EVENTS) check(event);
  fc.assert(fc.property(anyNewEvent(), check));
});

Deno.test("encodeLogLines() writes what encodeEvent() writes of each line", () => {
  const anyLines = fc.array(fc.oneof(anyText(), fc.string()), { maxLength: 20 });
  const anyStream = fc.constantFrom("stdout" as const, "stderr" as const);
  fc.assert(
    fc.property(fc.nat(), anyText(), anyStream, anyLines, (seq, actor, stream, lines) => {
      assert.deepEqual(
        encodeLogLines(seq, AT, { actor, stream, lines }),
        lines.map((line, i) => encodeEvent(seq + i, AT, { type: "log", actor, stream, line })),
      );
    }),
    { numRuns: 500 },
  );
});

Deno.test("encodeGap() has the last number that is gone as its id, and no seq", () => {
  assert.equal(encodeGap(3, 9), `id: 9\nevent: gap\ndata: {"from":3,"to":9}\n\n`);
});

Deno.test("STREAM_HEAD and KEEPALIVE_COMMENT are what the contract says", () => {
  assert.equal(RETRY_MS, 1000);
  assert.equal(STREAM_HEAD, "retry: 1000\n\n");
  assert.match(KEEPALIVE_COMMENT, /^:.*\n\n$/);
});
