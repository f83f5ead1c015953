import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import type { OutputEntry } from "../../src/page/job_entry.ts";
import { JobRecording, MAX_CHARACTERS, MAX_LINES } from "../../src/page/job_recording.ts";

const JOB = "job-01a2076c-646b-7591-b7dd-8b57c4a2f6ac";

function at(seq: number): string {
  return new Date(Date.UTC(2026, 0, 31) + seq * 10).toISOString();
}

function said(seq: number, human: string, others: object = {}): JobEvent {
  return {
    type: "narration",
    seq,
    at: at(seq),
    actor: "worker",
    action: "model_load",
    human,
    level: "info",
    formatted: human,
    ...others,
  };
}

function printed(seq: number, line = `line ${seq}`, actor = "worker"): JobEvent {
  return { type: "log", seq, at: at(seq), actor, stream: "stderr", line };
}

function token(seq: number, text: string): JobEvent {
  return { type: "token", seq, at: at(seq), text, i: 0 };
}

function done(seq: number): JobEvent {
  return { type: "done", seq, at: at(seq), result: null, finish_reason: "stop" };
}

function percent(current: number, total = 100) {
  return { progress: { current, total, unit: "percent" } };
}

function recorded(...events: JobEvent[]): JobRecording {
  const recording = new JobRecording(JOB);
  for (const event of events) recording.add(event);
  return recording;
}

Deno.test("JobRecording.add() takes an event once, however often it is read", () => {
  const recording = recorded(said(1, "one"), printed(2), token(3, "a"), said(4, "two"));
  const before = JSON.stringify(recording.entries);
  const { value } = recording.version;

  for (const event of [said(1, "one"), printed(2), token(3, "a"), said(4, "two")]) {
    recording.add(event);
  }

  assert.equal(JSON.stringify(recording.entries), before);
  assert.equal(recording.answer, "a");
  assert.equal(recording.version.value, value);
  assert.equal(recording.lastSeq, 4);
});

Deno.test("JobRecording.add() takes nothing after the end, and the end once", () => {
  const recording = recorded(said(1, "one"), done(2), done(2), said(3, "late"));

  assert.deepEqual(recording.entries.map(({ kind }) => kind), ["said", "end"]);
  assert.equal(recording.end?.state, "done");
  assert.equal(recording.end?.finishReason, "stop");
  assert.equal(recording.lastSeq, 2);
});

Deno.test("JobRecording.add() takes an end whose number was another event's before a crash", () => {
  const recording = recorded(said(1, "one"), said(2, "two"), said(3, "lost with the queen"), {
    type: "error",
    seq: 2,
    at: at(9),
    code: "interrupted",
    message: "The queen ended while it ran",
  });

  assert.equal(recording.end?.code, "interrupted");
  assert.equal(recording.end?.message, "The queen ended while it ran");
  assert.equal(recording.lastSeq, 3);
  assert.equal(recording.entryOf(2)?.kind, "said");
});

Deno.test("JobRecording keeps why a job failed with its details, and why it was cancelled", () => {
  const details = { exit_code: 1, last_lines: ["no memory"] };
  const failed = recorded({ type: "error", seq: 1, at: at(1), code: "x", message: "m", details });
  assert.deepEqual(failed.end?.details, details);
  const cancelled = recorded({ type: "cancelled", seq: 1, at: at(1), reason: "by a person" });
  assert.equal(cancelled.end?.state, "cancelled");
  assert.equal(cancelled.end?.message, "by a person");
});

Deno.test("JobRecording joins progress of one step in the line that it began with", () => {
  const recording = recorded(
    said(1, "Loading"),
    said(2, "Loading: 11 %", percent(11)),
    said(3, "Loading: 55 %", percent(55)),
    said(4, "Loading: 100 %", percent(100)),
  );

  assert.equal(recording.entries.length, 2);
  const [, entry] = recording.entries;
  assert.ok(entry?.kind === "said");
  assert.equal(entry.text, "Loading: 100 %");
  assert.deepEqual([entry.seq, entry.lastSeq, entry.at, entry.lastAt], [2, 4, at(2), at(4)]);
  assert.equal(recording.entryOf(3), entry);
});

Deno.test("JobRecording begins another line where progress is of something else", () => {
  const others: [string, object][] = [
    ["another unit", { progress: { current: 60, total: 100, unit: "bytes" } }],
    ["another total", percent(60, 200)],
    ["less than before", percent(10)],
    ["another level", { ...percent(60), level: "warn" }],
    ["another actor", { ...percent(60), actor: "hive" }],
    ["another action", { ...percent(60), action: "model_download" }],
    ["no progress", {}],
  ];
  for (const [name, fields] of others) {
    const recording = recorded(said(1, "a", percent(55)), said(2, "b", fields));
    assert.equal(recording.entries.length, 2, name);
  }
});

Deno.test("JobRecording goes on in the same line when a total becomes known", () => {
  const recording = recorded(said(1, "a", percent(5, 0)), said(2, "b", percent(6, 100)));
  assert.equal(recording.entries.length, 1);
});

Deno.test("JobRecording groups lines of output of one actor that follow each other", () => {
  const recording = recorded(printed(1), printed(2), printed(3, "x", "hive"), printed(4), {
    ...printed(5),
    truncated: true,
  } as JobEvent);

  assert.deepEqual(
    recording.entries.map((entry) => entry.kind === "output" && [entry.actor, entry.lines.length]),
    [["worker", 2], ["hive", 1], ["worker", 2]],
  );
  const last = recording.entries.at(-1) as OutputEntry;
  assert.deepEqual(last.lines.map(({ truncated }) => truncated), [false, true]);
  assert.deepEqual([last.seq, last.lastSeq], [4, 5]);
});

Deno.test("JobRecording joins the text of tokens, also where narration is between them", () => {
  const recording = recorded(token(1, "a"), token(2, "b"), said(3, "said"), token(4, "c"));

  assert.equal(recording.answer, "abc");
  assert.equal(recording.answer, "abc", "it can be read again");
  assert.equal(recording.tokens, 3);
  assert.equal(recording.firstTokenMs, Date.parse(at(1)));
  assert.equal(recording.lastTokenMs, Date.parse(at(4)));
  assert.deepEqual(
    recording.entries.map((entry) => entry.kind === "answer" ? entry.tokens : entry.kind),
    [2, "said", 1],
  );
});

Deno.test("JobRecording shows a gap once, and goes on after it", () => {
  const recording = recorded({ type: "gap", from: 1, to: 40 }, { type: "gap", from: 1, to: 40 });
  recording.add(said(40, "gone"));
  recording.add(said(41, "kept"));

  assert.deepEqual(recording.entries.map(({ kind }) => kind), ["gap", "said"]);
  assert.deepEqual([recording.entries[0]?.seq, recording.entries[0]?.lastSeq], [1, 40]);
  assert.equal(recording.entryOf(17)?.kind, "gap");
});

Deno.test("JobRecording does not call missing what it has read", () => {
  const recording = recorded(said(1, "one"), said(2, "two"), { type: "gap", from: 1, to: 9 });
  assert.deepEqual([recording.entries[2]?.seq, recording.entries[2]?.lastSeq], [3, 9]);
});

Deno.test("JobRecording drops the oldest lines of a program that prints without end", () => {
  const recording = recorded(said(1, "begin"));
  const count = MAX_LINES + 5000;
  for (let seq = 2; seq <= count; seq++) recording.add(printed(seq, "x"));
  recording.add(done(count + 1));

  const [begin, output] = recording.entries;
  assert.ok(begin?.kind === "said", "what was said tells more than what was printed");
  assert.equal(recording.hasLostNarration, false);
  assert.ok(output?.kind === "output");
  assert.equal(recording.entries.length, 3);
  assert.ok(output.lines.length <= MAX_LINES);
  assert.ok(output.lines.length > MAX_LINES * 0.8, `${output.lines.length} lines are left`);
  assert.equal(output.lines.length + recording.droppedLines, count - 1);
  assert.equal(output.seq, output.lines[0]?.seq);
  assert.equal(output.at, output.lines[0]?.at);
  assert.equal(output.lines.at(-1)?.seq, count);
  assert.equal(recording.end?.seq, count + 1);
});

Deno.test("JobRecording drops the oldest lines where they are too long, however few they are", () => {
  const recording = recorded(said(1, "begin"));
  const line = "x".repeat(65_536);
  const count = Math.ceil(MAX_CHARACTERS / line.length) + 10;
  for (let seq = 2; seq <= count; seq++) recording.add(printed(seq, line, `worker-${seq % 2}`));
  assert.ok(recording.characters <= MAX_CHARACTERS);
  assert.ok(recording.characters > MAX_CHARACTERS * 0.8, `${recording.characters} are left`);
  assert.ok(recording.droppedLines > 0);
  assert.equal(recording.entries[0]?.kind, "said");
  assert.equal(recording.entries.at(-1)?.lastSeq, count);
  assert.ok(recording.entries.every((entry) => entry.kind !== "output" || entry.lines.length > 0));
});

Deno.test("JobRecording keeps most of a large group when a few lines follow it", () => {
  const recording = new JobRecording(JOB);
  for (let seq = 1; seq <= MAX_LINES; seq++) recording.add(printed(seq, "x"));
  recording.add(said(MAX_LINES + 1, "one"));
  recording.add(said(MAX_LINES + 2, "two"));

  const [output] = recording.entries;
  assert.ok(output?.kind === "output");
  assert.ok(output.lines.length > MAX_LINES * 0.8);
  assert.equal(recording.entries.length, 3);
});

Deno.test("JobRecording drops sentences where there are too many of them", () => {
  const recording = new JobRecording(JOB);
  for (let seq = 1; seq <= MAX_LINES + 10; seq++) recording.add(said(seq, "x"));

  assert.ok(recording.entries.length <= MAX_LINES);
  assert.ok(recording.entries.length > MAX_LINES * 0.8);
  assert.equal(recording.entries.length + recording.droppedLines, MAX_LINES + 10);
  assert.equal(recording.hasLostNarration, true);
  assert.equal(recording.entries[0]?.seq, recording.droppedLines + 1);
});

Deno.test("JobRecording is the same whatever was read twice after a lost connection", () => {
  const kinds = fc.array(fc.constantFrom("said", "printed", "token", "percent"), { minLength: 1 });
  fc.assert(fc.property(kinds, fc.array(fc.nat()), (names, cuts) => {
    const events = names.map((name, index): JobEvent => {
      const seq = index + 1;
      if (name === "said") return said(seq, `${seq}`);
      if (name === "printed") return printed(seq);
      if (name === "token") return token(seq, `${seq} `);
      return said(seq, `${seq}`, percent(seq % 7));
    });
    const once = recorded(...events, done(events.length + 1));
    const again = new JobRecording(JOB);
    let from = 0;
    for (const cut of cuts) {
      const to = Math.max(from, cut % events.length);
      // Read again from somewhere before the place where the connection broke.
      for (const event of events.slice(cut % (from + 1), to)) again.add(event);
      from = Math.max(from, to);
    }
    for (const event of events.slice(from)) again.add(event);
    again.add(done(events.length + 1));
    assert.deepEqual(again.entries, once.entries);
    assert.equal(again.answer, once.answer);
    for (const { seq } of events as { seq: number }[]) assert.ok(once.entryOf(seq) !== undefined);
  }));
});
