import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { EventLog, type LogCursor } from "../../src/jobs/event_log.ts";
import { splitEvents } from "../../src/sse/split_events.ts";
import { FakeJournal } from "../helpers/fake_journal.ts";

type Step =
  | { kind: "append"; length: number }
  | { kind: "read"; reader: number; maxBytes: number }
  | { kind: "join"; back: number };

const step = (maxLength: number): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant("append" as const), length: fc.nat(maxLength) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("read" as const),
        reader: fc.nat(),
        maxBytes: fc.oneof(fc.nat(500), fc.nat(100_000)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("join" as const), back: fc.nat(200) }) },
  );

/** A reader and what it must see next: nothing lost, doubled or out of order but what a gap tells. */
class CheckedReader {
  readonly #cursor: LogCursor;
  readonly #written: readonly string[];
  gaps = 0;
  next: number;

  constructor(log: EventLog, after: number, written: readonly string[]) {
    this.#cursor = log.cursor(after);
    this.#written = written;
    this.next = after + 1;
  }

  read(log: EventLog, maxBytes?: number): boolean {
    const bytes = this.#cursor.read(maxBytes);
    if (bytes === undefined) {
      assert.equal(this.next, log.lastSeq + 1, "nothing to read, yet not at the end");
      return false;
    }
    const events = splitEvents(bytes);
    assert.ok(events.length > 0);
    for (const event of events) this.#check(event, log);
    assert.equal(this.#cursor.after, this.next - 1);
    return true;
  }

  #check(event: JobEvent, log: EventLog): void {
    if (event.type === "gap") {
      assert.equal(event.from, this.next);
      assert.ok(event.to >= event.from && event.to <= log.lastSeq);
      // What is said to be gone is gone for a reader that comes now, too.
      const [first] = splitEvents(log.cursor(event.to - 1).read(1)!);
      assert.deepEqual(first, { type: "gap", from: event.to, to: event.to });
      this.gaps++;
      this.next = event.to + 1;
      return;
    }
    assert.equal(event.seq, this.next);
    if (event.type === "token") assert.equal(event.text, this.#written[event.seq - 1]);
    else assert.equal(event.type, "done");
    this.next++;
  }
}

/** Runs the steps, ends the log, lets every reader read to the end, and returns the gaps met. */
function play(log: EventLog, steps: Step[]): number {
  const written: string[] = [];
  const readers = [new CheckedReader(log, 0, written)];
  for (const now of steps) {
    if (now.kind === "append") {
      const text = String.fromCharCode(97 + written.length % 26).repeat(now.length);
      written.push(text);
      const seq = log.append({ type: "token", text, i: written.length - 1 });
      assert.equal(seq, written.length);
    } else if (now.kind === "read") {
      readers[now.reader % readers.length]!.read(log, now.maxBytes);
    } else {
      readers.push(new CheckedReader(log, Math.max(0, log.lastSeq - now.back), written));
    }
  }
  log.append({ type: "done", result: null });
  readers.push(new CheckedReader(log, 0, written));
  for (const reader of readers) {
    while (reader.read(log)) { /* to the end */ }
    assert.equal(reader.next, log.lastSeq + 1);
  }
  return readers.reduce((sum, reader) => sum + reader.gaps, 0);
}

Deno.test("EventLog loses, doubles and reorders nothing but what a gap tells, for any interleaving", () => {
  let gaps = 0;
  fc.assert(
    fc.property(fc.nat(150_000), fc.array(step(3000), { maxLength: 300 }), (maxBytes, steps) => {
      gaps += play(new EventLog({ maxBytes }), steps);
    }),
    { numRuns: 200 },
  );
  assert.ok(gaps > 0, "no run has met a gap");
});

Deno.test("EventLog within its bound has no gap, for any interleaving", () => {
  fc.assert(
    fc.property(fc.array(step(3000), { maxLength: 300 }), (steps) => {
      assert.equal(play(new EventLog(), steps), 0);
    }),
  );
});

Deno.test("EventLog with a journal has no gap, for any interleaving", () => {
  let left = 0;
  const anySteps = fc.array(step(60_000), { minLength: 50, maxLength: 300, size: "max" });
  fc.assert(
    fc.property(anySteps, (steps) => {
      const log = new EventLog({
        maxBytes: 1_200_000,
        journal: { id: "job-1", journal: new FakeJournal() },
      });
      assert.equal(play(log, steps), 0);
      const lengths = steps.map((now) => now.kind === "append" ? now.length : 0);
      if (log.bytes < lengths.reduce((sum, length) => sum + length, 0)) left++;
    }),
    { numRuns: 40 },
  );
  assert.ok(left > 0, "no run has left the memory");
});
