import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { EventLog, type LogCursor } from "../../src/jobs/event_log.ts";
import { splitEvents } from "../../src/sse/split_events.ts";
import { FakeJournal } from "../helpers/fake_journal.ts";
import { JournalFolder } from "../helpers/journal_folder.ts";
import { HOSTILE_STRINGS } from "../helpers/hostile_strings.ts";
import { recordOf } from "../helpers/journal_segments.ts";

const RECORD = recordOf();
const ID = RECORD.job.job_id;
/** Enough for what has not gone to the journal yet, whatever it is. */
const RING_BYTES = 1_000_000;

type Step =
  | { kind: "append"; token: boolean; text: string }
  | { kind: "read"; reader: number; maxBytes: number }
  | { kind: "join"; back: number }
  | { kind: "flush" }
  | { kind: "lose"; share: number };

const anyText = fc.oneof(
  fc.nat(200).map((length) => "x".repeat(length)),
  fc.nat(60_000).map((length) => "x".repeat(length)),
  fc.constantFrom(...HOSTILE_STRINGS),
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      token: fc.boolean(),
      text: anyText,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      reader: fc.nat(),
      maxBytes: fc.oneof(fc.nat(500), fc.nat(100_000)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("join" as const), back: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "flush" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const), share: fc.nat(100) }) },
);

const anySteps = fc.array(anyStep, { minLength: 100, maxLength: 300, size: "max" });

/** One run: a log, what was written to it, and its readers, each with what it must see next. */
class Play {
  readonly log: EventLog;
  readonly journal: Journal;
  readonly #written: { token: boolean; text: string }[] = [];
  readonly #readers: { cursor: LogCursor; next: number }[] = [];
  readonly #lose: (upTo: number) => void;
  gaps = 0;

  constructor(journal: Journal, maxBytes: number, lose: (upTo: number) => void = () => {}) {
    this.journal = journal;
    this.#lose = lose;
    this.log = new EventLog({ maxBytes, journal: { id: ID, journal } });
    journal.saveJob(RECORD);
    this.#join(0);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#take(step);
    this.log.append({ type: "done", result: null });
    this.#join(0);
    for (const reader of this.#readers) {
      while (this.#read(reader)) { /* to the end */ }
      assert.equal(reader.next, this.log.lastSeq + 1);
      assert.equal(reader.cursor.ended, true);
    }
  }

  /** Reads all as a reader does that comes now. */
  readAgain(log: EventLog): void {
    const reader = { cursor: log.cursor(), next: 1 };
    while (this.#read(reader)) { /* to the end */ }
    assert.equal(reader.next, log.lastSeq + 1);
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case "append": {
        this.#written.push(step);
        const { token, text } = step;
        const seq = this.log.append(
          token
            ? { type: "token", text, i: 0 }
            : { type: "log", actor: "hive", stream: "stdout", line: text },
        );
        return assert.equal(seq, this.#written.length);
      }
      case "read":
        this.#read(this.#readers[step.reader % this.#readers.length]!, step.maxBytes);
        return;
      case "join":
        return this.#join(Math.max(0, this.log.lastSeq - step.back));
      case "flush":
        return await this.journal.flush();
      case "lose":
        return this.#lose(Math.floor(this.log.lastSeq * step.share / 100));
    }
  }

  #join(after: number): void {
    this.#readers.push({ cursor: this.log.cursor(after), next: after + 1 });
  }

  #read(reader: { cursor: LogCursor; next: number }, maxBytes?: number): boolean {
    const bytes = reader.cursor.read(maxBytes);
    if (bytes === undefined) {
      assert.equal(reader.next, this.log.lastSeq + 1, "nothing to read, yet not at the end");
      return false;
    }
    const events = splitEvents(bytes);
    assert.ok(events.length > 0);
    for (const event of events) {
      this.#check(event, reader.next);
      reader.next = (event.type === "gap" ? event.to : event.seq) + 1;
    }
    assert.equal(reader.cursor.after, reader.next - 1);
    return true;
  }

  #check(event: JobEvent, next: number): void {
    if (event.type === "gap") {
      assert.equal(event.from, next);
      assert.ok(event.to >= event.from && event.to <= this.log.lastSeq);
      for (const seq of new Set([event.from, event.to])) {
        assert.notEqual(this.journal.read(ID, seq - 1)?.from, seq, `${seq} is said to be gone`);
      }
      this.gaps++;
      return;
    }
    assert.equal(event.seq, next);
    const written = this.#written[event.seq - 1];
    if (written === undefined) return assert.equal(event.type, "done");
    if (written.token) {
      assert.equal(event.type === "token" && event.text, written.text);
    } else {
      assert.equal(event.type === "log" && event.line, written.text);
    }
  }
}

Deno.test("EventLog over a journal that loses its oldest tells each loss and nothing else, for any interleaving", async () => {
  let gaps = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(200_000), anySteps, async (maxBytes, steps) => {
      const journal = new FakeJournal();
      const play = new Play(journal, RING_BYTES + maxBytes, (upTo) => journal.dropUpTo(ID, upTo));
      await play.run(steps);
      gaps += play.gaps;
    }),
    { numRuns: 60 },
  );
  assert.ok(gaps > 0, "no run has met a gap");
});

Deno.test("EventLog over a SqliteJournal has no gap, for any interleaving and after it is opened again", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(100_000), anySteps, async (maxBytes, steps) => {
      await using folder = await JournalFolder.make();
      const play = new Play(folder.open({ flushMs: 1 }), RING_BYTES + maxBytes);
      await play.run(steps);
      await play.journal.close();
      const journal = folder.open();
      const kept = { lastSeq: play.log.lastSeq, ended: true };
      play.readAgain(new EventLog({ journal: { id: ID, journal }, kept }));
      assert.equal(play.gaps, 0);
    }),
    { numRuns: 25 },
  );
});

Deno.test("EventLog over a SqliteJournal with a limit and without tokens tells each loss, for any interleaving", async () => {
  let gaps = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(200_000),
      fc.nat(1_000_000),
      fc.boolean(),
      anySteps,
      async (maxBytes, maxJobBytes, keepAnswers, steps) => {
        await using folder = await JournalFolder.make();
        const play = new Play(
          folder.open({ flushMs: 1, maxJobBytes, keepAnswers }),
          RING_BYTES + maxBytes,
        );
        await play.run(steps);
        gaps += play.gaps;
      },
    ),
    { numRuns: 25 },
  );
  assert.ok(gaps > 0, "no run has met a gap");
});
