import assert from "node:assert/strict";
import fc from "fast-check";
import { EventLog } from "../../src/jobs/event_log.ts";
import { splitEvents } from "../../src/sse/split_events.ts";
import { FakeJournal } from "../helpers/fake_journal.ts";
import { anyText, HOSTILE_STRINGS } from "../helpers/hostile_strings.ts";

const ID = "job-1";
const NOW_MS = Date.parse("2026-01-31T12:00:00.123Z");

/** Runs `work` while the clock stands still, so that what it writes twice is the same. */
function atOneTime(work: () => void): void {
  const now = Date.now;
  Date.now = () => NOW_MS;
  try {
    work();
  } finally {
    Date.now = now;
  }
}

function text(log: EventLog): string {
  const cursor = log.cursor();
  const decoder = new TextDecoder();
  let all = "";
  for (let bytes = cursor.read(); bytes !== undefined; bytes = cursor.read()) {
    all += decoder.decode(bytes);
  }
  return all;
}

Deno.test("EventLog.appendLines() writes an event for each line, as it is sent", () => {
  atOneTime(() => {
    const log = new EventLog();
    log.append({ type: "token", text: "t", i: 0 });
    log.appendLines("worker", "stderr", ["plain", 'quoted "\\', "caf\u00e9"]);
    assert.equal(log.lastSeq, 4);
    const at = "2026-01-31T12:00:00.123Z";
    const event = (seq: number, line: string) =>
      `id: ${seq}\nevent: log\ndata: {"seq":${seq},"at":"${at}","actor":"worker","stream":"stderr","line":${line}}\n\n`;
    assert.equal(
      text(log),
      `id: 1\nevent: token\ndata: {"seq":1,"at":"${at}","text":"t","i":0}\n\n` +
        event(2, '"plain"') + event(3, '"quoted \\"\\\\"') + event(4, '"caf\u00e9"'),
    );
  });
});

Deno.test("EventLog.appendLines() keeps every kind of text whole, and each line an event", () => {
  const log = new EventLog();
  log.appendLines("worker", "stdout", HOSTILE_STRINGS);
  const lines = splitEvents(log.cursor().read()!).map((event) =>
    event.type === "log" ? event.line : event
  );
  assert.deepEqual(lines, HOSTILE_STRINGS);
});

Deno.test("EventLog.appendLines() of no lines, or after the end, does nothing", () => {
  const log = new EventLog();
  log.appendLines("worker", "stdout", []);
  assert.equal(log.lastSeq, 0);
  log.append({ type: "done", result: null });
  log.appendLines("worker", "stdout", ["late"]);
  assert.equal(log.lastSeq, 1);
});

Deno.test("EventLog.appendLines() wakes those who wait, and is an append to who watches for progress", async () => {
  const log = new EventLog();
  const waiting = log.cursor().wait();
  const before = log.lastAppendMs;
  log.appendLines("worker", "stdout", ["line"]);
  assert.equal(await waiting, true);
  assert.ok(log.lastAppendMs >= before);
});

Deno.test("EventLog.appendLines() asks the journal to collect", async () => {
  const journal = new FakeJournal();
  const log = new EventLog({ journal: { id: ID, journal } });
  log.appendLines("worker", "stdout", ["one", "two"]);
  assert.equal(journal.read(ID, 0), undefined);
  await journal.flush();
  assert.equal(journal.read(ID, 0)?.to, 2);
});

type Step =
  | { kind: "lines"; actor: string; stream: "stdout" | "stderr"; lines: string[] }
  | { kind: "token"; text: string }
  | { kind: "flush" }
  | { kind: "read"; after: number; maxBytes: number };

const anyLine = fc.oneof(
  { weight: 6, arbitrary: fc.nat(200).map((length) => "x".repeat(length)) },
  { weight: 3, arbitrary: anyText() },
  { weight: 1, arbitrary: fc.nat(3000).map((length) => "\u00e9\u{1f41d}".repeat(length)) },
  { weight: 1, arbitrary: fc.nat(400_000).map((length) => "y".repeat(length)) },
);

/** Batches as capture makes them: a few lines, or hundreds that are much alike. */
const anyLines = fc.oneof(
  fc.array(anyLine, { maxLength: 8 }),
  fc.tuple(fc.nat(1500), fc.nat(150)).map(([count, length]) =>
    Array.from({ length: count }, (_, i) => String(i).padEnd(length, "z"))
  ),
  fc.tuple(fc.nat(300), anyText()).map(([count, text]) =>
    Array.from({ length: count }, () => text)
  ),
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("lines" as const),
      actor: fc.constantFrom("worker", 'hive:"odd"\n'),
      stream: fc.constantFrom("stdout" as const, "stderr" as const),
      lines: anyLines,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("token" as const), text: anyText() }) },
  { weight: 1, arbitrary: fc.constant({ kind: "flush" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      after: fc.double({ min: 0, max: 1, noNaN: true }),
      maxBytes: fc.oneof(fc.nat(500), fc.nat(200_000)),
    }),
  },
);

/** All that a journal was given, segment by segment. */
function segments(journal: FakeJournal): { from: number; to: number; bytes: Uint8Array }[] {
  const found = [];
  for (let after = 0;;) {
    const segment = journal.read(ID, after);
    if (segment === undefined) return found;
    found.push(segment);
    after = segment.to;
  }
}

function assertAlike(steps: readonly Step[], options: { maxBytes: number; kept: boolean }): void {
  const journals = [new FakeJournal(), new FakeJournal()] as const;
  const [one, other] = journals.map((journal) =>
    new EventLog({
      maxBytes: options.maxBytes,
      journal: options.kept ? { id: ID, journal } : undefined,
    })
  ) as [EventLog, EventLog];
  for (const step of steps) {
    if (step.kind === "lines") {
      const { actor, stream, lines } = step;
      one.appendLines(actor, stream, lines);
      for (const line of lines) other.append({ type: "log", actor, stream, line });
    } else if (step.kind === "token") {
      for (const log of [one, other]) log.append({ type: "token", text: step.text, i: 0 });
    } else if (step.kind === "flush") {
      for (const log of [one, other]) log.flush();
    } else {
      const after = Math.floor(step.after * other.lastSeq);
      const [read, expected] = [one, other].map((log) => log.readAfter(after, step.maxBytes));
      assert.deepEqual(read, expected);
    }
    assert.equal(one.lastSeq, other.lastSeq);
    assert.equal(one.bytes, other.bytes);
  }
  assert.equal(text(one), text(other));
  assert.deepEqual(segments(journals[0]), segments(journals[1]));
  for (const log of [one, other]) log.append({ type: "done", result: null });
  assert.equal(text(one), text(other));
  assert.equal(one.bytes, other.bytes);
}

Deno.test("EventLog.appendLines() does what as many appends do, whatever the lines, the bounds and the journal", () => {
  atOneTime(() =>
    fc.assert(
      fc.property(
        fc.array(anyStep, { maxLength: 25 }),
        fc.oneof(fc.nat(300_000), fc.constant(4 * 1024 * 1024)),
        fc.boolean(),
        (steps, maxBytes, kept) =>
          // A journal needs a log that holds what it has not been given yet.
          assertAlike(steps, { maxBytes: kept ? maxBytes + 3_000_000 : maxBytes, kept }),
      ),
      { numRuns: 150 },
    )
  );
});
