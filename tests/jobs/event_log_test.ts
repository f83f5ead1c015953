import assert from "node:assert/strict";
import type { NewJobEvent } from "../../src/contracts/job_event.ts";
import { EventLog, type LogCursor } from "../../src/jobs/event_log.ts";
import { splitEvents } from "../../src/sse/split_events.ts";
import { FakeJournal } from "../helpers/fake_journal.ts";

const AT = "2026-01-31T12:00:00.123Z";
const decoder = new TextDecoder();

function token(i: number, text = `t${i}`): NewJobEvent {
  return { type: "token", at: AT, text, i };
}

function readAll(cursor: LogCursor) {
  const events = [];
  for (let bytes = cursor.read(); bytes !== undefined; bytes = cursor.read()) {
    events.push(...splitEvents(bytes));
  }
  return events;
}

/** Fills the log until its first event has left the memory. */
function fillUntilLost(log: EventLog): number {
  for (;;) {
    const seq = log.append(token(log.lastSeq, "x".repeat(2000)))!;
    const [first] = splitEvents(log.cursor().read(1)!);
    if (first?.type === "gap") return seq;
  }
}

Deno.test("EventLog.append() numbers events 1, 2, 3 and writes each as it is sent", () => {
  const log = new EventLog();
  assert.equal(log.lastSeq, 0);
  assert.equal(log.append(token(0)), 1);
  assert.equal(log.append({ type: "log", at: AT, actor: "hive", stream: "stderr", line: "a" }), 2);
  assert.equal(log.append({ type: "done", at: AT, result: null }), 3);
  assert.equal(log.lastSeq, 3);
  assert.equal(
    decoder.decode(log.cursor().read()),
    `id: 1\nevent: token\ndata: {"seq":1,"at":"${AT}","text":"t0","i":0}\n\n` +
      `id: 2\nevent: log\ndata: {"seq":2,"at":"${AT}","actor":"hive","stream":"stderr","line":"a"}\n\n` +
      `id: 3\nevent: done\ndata: {"seq":3,"at":"${AT}","result":null}\n\n`,
  );
});

Deno.test("EventLog.append() gives an event without a time the time of its arrival", () => {
  const log = new EventLog();
  const before = new Date().toISOString();
  log.append({ type: "token", text: "", i: 0 });
  const after = new Date().toISOString();
  const [event] = splitEvents(log.cursor().read()!);
  assert.ok(event?.type === "token");
  assert.ok(before <= event.at && event.at <= after);
});

Deno.test("EventLog.append() refuses everything after the terminal event", () => {
  for (
    const end of [
      { type: "done", result: 1 },
      { type: "error", code: "internal", message: "m" },
      { type: "cancelled", reason: "r" },
    ] as const
  ) {
    const log = new EventLog();
    log.append(token(0));
    assert.equal(log.ended, false);
    assert.equal(log.append(end), 2);
    assert.equal(log.ended, true);
    assert.equal(log.append(token(1)), undefined);
    assert.equal(log.append(end), undefined);
    assert.equal(log.lastSeq, 2);
    assert.equal(readAll(log.cursor()).length, 2);
  }
});

Deno.test("EventLog keeps every kind of text whole", () => {
  const texts = [
    "",
    "a\nb",
    "a\r\nb\rc",
    "\n\n",
    "id: 9\nevent: done\ndata: {}\n\n",
    "\u2028\u2029\u0000\u001b[31m",
    "\ud83d\ude00",
    "\ud83d",
    "naïve 蜂",
    '"\\',
  ];
  const log = new EventLog();
  texts.forEach((text, i) => log.append(token(i, text)));
  const read = readAll(log.cursor()).map((event) => event.type === "token" ? event.text : event);
  assert.deepEqual(read, texts);
});

Deno.test("EventLog is read alike early, late and after its end", async () => {
  const log = new EventLog();
  const early = Array.fromAsync(log.cursor().events());
  for (let i = 0; i < 50; i++) log.append(token(i));
  const late = Array.fromAsync(log.cursor().events());
  for (let i = 50; i < 100; i++) log.append(token(i));
  log.append({ type: "done", result: null });
  const after = await Array.fromAsync(log.cursor().events());
  assert.deepEqual(after.map((event) => event.type === "gap" ? 0 : event.seq), [
    ...Array.from({ length: 101 }, (_, n) => n + 1),
  ]);
  assert.deepEqual(await early, after);
  assert.deepEqual(await late, after);
});

Deno.test("EventLog gives readers the same bytes, made once", () => {
  const log = new EventLog();
  log.append(token(0));
  const one = log.cursor().read()!;
  const other = log.cursor().read()!;
  assert.notEqual(one, other);
  assert.equal(one.buffer, other.buffer);
  assert.equal(one.byteOffset, other.byteOffset);
});

Deno.test("EventLog never changes bytes that a reader holds", () => {
  const log = new EventLog({ maxBytes: 1 });
  log.append(token(0));
  const held = log.cursor().read()!;
  const copy = held.slice();
  fillUntilLost(log);
  log.append({ type: "done", result: null });
  assert.deepEqual(held, copy);
});

Deno.test("EventLog.cursor() begins after the event it is given", () => {
  const log = new EventLog();
  for (let i = 0; i < 5; i++) log.append(token(i));
  const cursor = log.cursor(3);
  assert.equal(cursor.after, 3);
  assert.deepEqual(readAll(cursor).map((event) => event.type === "token" && event.seq), [4, 5]);
  assert.equal(cursor.after, 5);
  assert.equal(cursor.read(), undefined);
  assert.equal(cursor.ended, false);
});

Deno.test("LogCursor.read() gives as many whole events as fit, and at least one", () => {
  const log = new EventLog();
  for (let i = 0; i < 10; i++) log.append(token(i));
  const length = log.cursor().read(1)!.length;
  assert.deepEqual(splitEvents(log.cursor().read(1)!).length, 1);
  assert.deepEqual(splitEvents(log.cursor().read(length * 3)!).length, 3);
  assert.deepEqual(splitEvents(log.cursor().read(length * 3 - 1)!).length, 2);
  assert.deepEqual(splitEvents(log.cursor().read()!).length, 10);
});

Deno.test("JobLog.read() yields a gap when the cursor is older than the log", () => {
  const log = new EventLog({ maxBytes: 1 });
  fillUntilLost(log);
  const cursor = log.cursor();
  const bytes = cursor.read()!;
  const [gap, ...others] = splitEvents(bytes);
  assert.ok(gap?.type === "gap");
  assert.deepEqual(others, []);
  assert.equal(gap.from, 1);
  assert.equal(
    decoder.decode(bytes),
    `id: ${gap.to}\nevent: gap\ndata: {"from":1,"to":${gap.to}}\n\n`,
  );
  assert.equal(cursor.after, gap.to);
  const seqs = readAll(cursor).map((event) => event.type === "token" ? event.seq : -1);
  assert.deepEqual(seqs, Array.from({ length: log.lastSeq - gap.to }, (_, n) => gap.to + 1 + n));
  assert.ok(seqs.length > 0);
});

Deno.test("EventLog gives no gap to a reader that has kept up", () => {
  const log = new EventLog({ maxBytes: 1 });
  const cursor = log.cursor();
  const seqs: number[] = [];
  for (let i = 0; i < 500; i++) {
    log.append(token(i, "x".repeat(1000)));
    for (const event of readAll(cursor)) seqs.push(event.type === "token" ? event.seq : -1);
  }
  assert.deepEqual(seqs, Array.from({ length: 500 }, (_, n) => n + 1));
});

Deno.test("EventLog keeps its memory within its bound and one block", () => {
  const log = new EventLog({ maxBytes: 200_000 });
  for (let i = 0; i < 5000; i++) {
    log.append(token(i, "x".repeat(200)));
    assert.ok(log.bytes <= 200_000 + 70_000, `${log.bytes} bytes after ${i} events`);
  }
});

Deno.test("EventLog reads what has left the memory from the journal", () => {
  const journal = new FakeJournal();
  const log = new EventLog({ maxBytes: 1_500_000, journal: { id: "job-1", journal } });
  for (let i = 0; i < 3000; i++) log.append(token(i, "x".repeat(1000)));
  log.append({ type: "done", result: null });
  assert.ok(log.bytes < 1_700_000, "nothing has left the memory");
  const seqs = readAll(log.cursor()).map((event) => event.type === "gap" ? -1 : event.seq);
  assert.deepEqual(seqs, Array.from({ length: 3001 }, (_, n) => n + 1));
  const later = readAll(log.cursor(1234)).map((event) => event.type === "gap" ? -1 : event.seq);
  assert.deepEqual(later, Array.from({ length: 3001 - 1234 }, (_, n) => n + 1235));
});

Deno.test("EventLog yields a gap up to what the journal still has", () => {
  const journal = new FakeJournal();
  const log = new EventLog({ maxBytes: 1_500_000, journal: { id: "job-1", journal } });
  for (let i = 0; i < 3000; i++) log.append(token(i, "x".repeat(1000)));
  log.append({ type: "done", result: null });
  const firstEnd = journal.read("job-1", 0)!.to;
  journal.dropUpTo("job-1", firstEnd);
  const [gap, ...others] = readAll(log.cursor());
  assert.deepEqual(gap, { type: "gap", from: 1, to: firstEnd });
  const seqs = others.map((event) => event.type === "gap" ? -1 : event.seq);
  assert.deepEqual(seqs, Array.from({ length: 3001 - firstEnd }, (_, n) => firstEnd + 1 + n));
});

Deno.test("EventLog gives the journal all it has before one huge event pushes it out", () => {
  const journal = new FakeJournal();
  const log = new EventLog({ journal: { id: "job-1", journal } });
  for (let i = 0; i < 100; i++) log.append(token(i, "x".repeat(1000)));
  log.append(token(100, "y".repeat(3_000_000)));
  log.append({ type: "done", result: null });
  const seqs = readAll(log.cursor()).map((event) => event.type === "gap" ? -1 : event.seq);
  assert.deepEqual(seqs, Array.from({ length: 102 }, (_, n) => n + 1));
});

Deno.test("EventLog.flush() gives the journal each event once", () => {
  const journal = new FakeJournal();
  const log = new EventLog({ journal: { id: "job-1", journal } });
  log.flush();
  assert.equal(journal.read("job-1", 0), undefined);
  log.append(token(0));
  log.flush();
  log.flush();
  assert.equal(journal.read("job-1", 0)?.to, 1);
  log.append(token(1));
  log.append({ type: "done", result: null });
  assert.equal(journal.read("job-1", 1)?.to, 3);
  assert.equal(journal.read("job-1", 3), undefined);
});

Deno.test("LogCursor.wait() resolves true at the next append", async () => {
  const log = new EventLog();
  const cursor = log.cursor();
  const waiting = cursor.wait();
  log.append(token(0));
  assert.equal(await waiting, true);
});

Deno.test("LogCursor.wait() resolves at once when there is something to read or the log has ended", async () => {
  const log = new EventLog();
  log.append(token(0));
  assert.equal(await log.cursor().wait({ timeoutMs: 60_000 }), true);
  log.append({ type: "done", result: null });
  const cursor = log.cursor();
  cursor.read();
  assert.equal(cursor.ended, true);
  assert.equal(await cursor.wait({ timeoutMs: 60_000 }), true);
});

Deno.test("LogCursor.wait() resolves false after its time and on abort", async () => {
  const cursor = new EventLog().cursor();
  assert.equal(await cursor.wait({ timeoutMs: 1 }), false);
  const abort = new AbortController();
  const waiting = cursor.wait({ signal: abort.signal });
  abort.abort();
  assert.equal(await waiting, false);
  assert.equal(await cursor.wait({ signal: abort.signal }), false);
});

Deno.test("LogCursor.ended is true only when the terminal event has been read", () => {
  const log = new EventLog();
  const cursor = log.cursor();
  log.append(token(0));
  log.append({ type: "done", result: null });
  assert.equal(cursor.ended, false);
  cursor.read(1);
  assert.equal(cursor.ended, false);
  cursor.read(1);
  assert.equal(cursor.ended, true);
});

Deno.test("LogCursor.events() stops when its signal aborts", async () => {
  const log = new EventLog();
  log.append(token(0));
  const abort = new AbortController();
  const seen: number[] = [];
  for await (const event of log.cursor().events({ signal: abort.signal })) {
    if (event.type === "token") seen.push(event.seq);
    abort.abort();
  }
  assert.deepEqual(seen, [1]);
});

Deno.test("EventLog writes as fast with a reader that never reads", () => {
  const log = new EventLog({ maxBytes: 100_000 });
  const cursor = log.cursor();
  for (let i = 0; i < 20_000; i++) assert.equal(log.append(token(i)), i + 1);
  assert.equal(cursor.after, 0);
  assert.equal(splitEvents(cursor.read()!)[0]?.type, "gap");
});
