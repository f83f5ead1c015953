import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeEvent, encodeGap } from "../../src/sse/encode_event.ts";
import { splitEvents } from "../../src/sse/split_events.ts";
import { bytesOf } from "../helpers/bytes.ts";
import { anyNewEvent, HOSTILE_EVENTS, placed } from "../helpers/sample_events.ts";

const AT = "2026-01-31T12:00:00.123Z";

Deno.test("splitEvents() of no bytes gives no event", () => {
  assert.deepEqual(splitEvents(new Uint8Array()), []);
});

Deno.test("splitEvents() reads back a gap between events", () => {
  const text = encodeGap(1, 4) + encodeEvent(5, AT, { type: "token", text: "a", i: 4 });
  assert.deepEqual(splitEvents(bytesOf(text)), [
    { type: "gap", from: 1, to: 4 },
    placed(5, { type: "token", text: "a", i: 4 }),
  ]);
});

Deno.test("splitEvents() reads back events that hold hostile texts", () => {
  const text = HOSTILE_EVENTS.map((event, index) => encodeEvent(index + 1, AT, event)).join("");
  const expected = HOSTILE_EVENTS.map((event, index) => placed(index + 1, event));
  assert.deepEqual(splitEvents(bytesOf(text)), expected);
});

Deno.test("splitEvents() reads back any events that encodeEvent() wrote", () => {
  fc.assert(fc.property(fc.array(anyNewEvent(), { maxLength: 8 }), (events) => {
    const text = events.map((event, index) => encodeEvent(index + 1, AT, event)).join("");
    const expected = events.map((event, index) => placed(index + 1, event));
    assert.deepEqual(splitEvents(bytesOf(text)), expected);
  }));
});
