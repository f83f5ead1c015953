import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonValue } from "../../src/contracts/json_value.ts";
import type { NewJobEvent } from "../../src/contracts/job_event.ts";
import { cutSegment, withoutAnswers, withoutTokens } from "../../src/journal/segment.ts";
import { idsOf, linesSegment, range, segmentOf, textOf } from "../helpers/journal_segments.ts";
import { anyNewEvent, HOSTILE_EVENTS } from "../helpers/sample_events.ts";

const anyEvents = fc.array(anyNewEvent(), { minLength: 1, maxLength: 30 });
const anyFrom = fc.integer({ min: 1, max: 2_000_000_000 });

const token = (text: string): NewJobEvent => ({ type: "token", text, i: 0 });
const line = (text: string): NewJobEvent => (
  { type: "log", actor: "hive", stream: "stdout", line: text }
);

Deno.test("cutSegment() begins after the event it is given", () => {
  const segment = linesSegment(10, 14);
  const cut = cutSegment(segment, 12);
  assert.equal(cut?.from, 13);
  assert.equal(cut?.to, 14);
  assert.equal(textOf(cut), textOf(linesSegment(13, 14)));
});

Deno.test("cutSegment() gives a segment that begins there or later as it is", () => {
  const segment = linesSegment(10, 14);
  assert.equal(cutSegment(segment, 9), segment);
  assert.equal(cutSegment(segment, 0), segment);
});

Deno.test("cutSegment() leaves nothing at its end and past it", () => {
  const segment = linesSegment(10, 14);
  assert.equal(cutSegment(segment, 14), undefined);
  assert.equal(cutSegment(segment, 99), undefined);
});

Deno.test("cutSegment() copies nothing", () => {
  const segment = linesSegment(1, 5);
  assert.equal(cutSegment(segment, 3)?.bytes.buffer, segment.bytes.buffer);
});

Deno.test("cutSegment() cuts between events alone, whatever they hold", () => {
  const segment = segmentOf(1, HOSTILE_EVENTS);
  for (const after of range(1, HOSTILE_EVENTS.length - 1)) {
    const cut = cutSegment(segment, after);
    assert.equal(cut?.from, after + 1);
    assert.equal(textOf(cut), textOf(segmentOf(after + 1, HOSTILE_EVENTS.slice(after))));
  }
});

Deno.test("cutSegment() of any events at any place is the rest of them", () => {
  fc.assert(fc.property(anyFrom, anyEvents, fc.nat(40), (from, events, place) => {
    const after = from - 5 + place;
    const cut = cutSegment(segmentOf(from, events), after);
    const left = events.slice(Math.max(0, after - from + 1));
    if (left.length === 0) return assert.equal(cut, undefined);
    assert.equal(cut?.from, Math.max(from, after + 1));
    assert.equal(cut?.to, from + events.length - 1);
    assert.equal(textOf(cut), textOf(segmentOf(cut!.from, left)));
  }));
});

Deno.test("withoutTokens() gives the runs between tokens, each in its place", () => {
  const runs = withoutTokens(
    segmentOf(5, [line("a"), line("b"), token("c"), token("d"), line("e"), token("f")]),
  );
  assert.deepEqual(runs.map(({ from, to }) => [from, to]), [[5, 6], [9, 9]]);
  assert.deepEqual(runs.map(idsOf), [[5, 6], [9]]);
  assert.equal(textOf(runs[0]), textOf(segmentOf(5, [line("a"), line("b")])));
});

Deno.test("withoutTokens() of tokens alone is nothing, and without any is one run", () => {
  assert.deepEqual(withoutTokens(segmentOf(1, [token("a"), token("b")])), []);
  const lines = linesSegment(1, 9);
  assert.deepEqual(withoutTokens(lines), [lines]);
});

Deno.test("withoutTokens() goes by the type alone, not by what an event holds", () => {
  const posing = "\nevent: token\n\nid: 9\nevent: token\ndata: {}\n\n";
  const [run, ...others] = withoutTokens(segmentOf(1, [line(posing), token(posing), line("b")]));
  assert.deepEqual([run?.from, run?.to], [1, 1]);
  assert.deepEqual(others.map(({ from, to }) => [from, to]), [[3, 3]]);
});

Deno.test("withoutAnswers() leaves out tokens and data, and shortens the result", () => {
  const done = (result: JsonValue): NewJobEvent => ({
    type: "done",
    result,
    finish_reason: "stop",
  });
  const calls: NewJobEvent = { type: "data", name: "tool_calls", value: ["secret"] };
  const by = { model: "m", hive: "h", worker_id: "w" };
  const runs = withoutAnswers(
    segmentOf(5, [line("a"), token("secret"), calls, line("b"), done({ ...by, text: "secret" })]),
  );
  assert.deepEqual(runs.map(({ from, to }) => [from, to]), [[5, 5], [8, 8], [9, 9]]);
  assert.equal(textOf(runs[2]), textOf(segmentOf(9, [done(by)])));
  assert.equal(textOf(runs[1]), textOf(segmentOf(8, [line("b")])));
  for (const result of ["secret", ["secret"], { model: ["secret"] }]) {
    assert.doesNotMatch(textOf(withoutAnswers(segmentOf(1, [done(result)]))[0]), /secret/);
  }
});

Deno.test("withoutAnswers() keeps how a job failed or was cancelled", () => {
  for (
    const end of [
      { type: "error", code: "x", message: "y" },
      { type: "cancelled", reason: "z" },
    ] as const
  ) {
    assert.deepEqual(withoutAnswers(segmentOf(1, [line("a"), end])), [
      segmentOf(1, [line("a"), end]),
    ]);
  }
});

Deno.test("withoutTokens() of any events keeps every other one and no token", () => {
  fc.assert(fc.property(anyFrom, anyEvents, (from, events) => {
    const runs = withoutTokens(segmentOf(from, events));
    const kept = events.flatMap((event, n) => event.type === "token" ? [] : [from + n]);
    assert.deepEqual(runs.flatMap(({ from, to }) => range(from, to)), kept);
    const expected = events.map((event, n) =>
      event.type === "token" ? "" : textOf(segmentOf(from + n, [event]))
    );
    assert.equal(runs.map(textOf).join(""), expected.join(""));
    for (const [n, run] of runs.entries()) {
      if (n > 0) assert.ok(run.from > runs[n - 1]!.to + 1, "runs that touch are one");
    }
  }));
});
