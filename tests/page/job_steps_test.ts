import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEntry } from "../../src/page/job_entry.ts";
import {
  type Course,
  type CourseOptions,
  type Step,
  StepReader,
} from "../../src/page/job/steps.ts";
import { countingLooks } from "./counting_looks.ts";

const BEGIN = Date.UTC(2026, 0, 31, 12);
const ENDED: CourseOptions = { createdMs: BEGIN, nowMs: undefined };

function at(ms: number): string {
  return new Date(BEGIN + ms).toISOString();
}

function said(ms: number, actor: string, action: string, others: object = {}): JobEntry {
  const place = { seq: ms + 1, lastSeq: ms + 1, at: at(ms), lastAt: at(ms) };
  return { kind: "said", ...place, actor, action, text: "text", level: "info", ...others };
}

function answer(ms: number, lastMs: number, tokens: number): JobEntry {
  return {
    kind: "answer",
    seq: ms + 1,
    lastSeq: ms + tokens,
    at: at(ms),
    lastAt: at(lastMs),
    tokens,
  };
}

function ended(ms: number): JobEntry {
  return { kind: "end", seq: ms + 1, lastSeq: ms + 1, at: at(ms), lastAt: at(ms), state: "done" };
}

function courseOf(entries: readonly JobEntry[], options: CourseOptions): Course {
  const reader = new StepReader();
  reader.read(entries);
  return reader.course(options);
}

/** Steps as `actor action from-to until`, in milliseconds after the begin. */
function told(steps: readonly Step[]): string[] {
  return steps.map(({ actor, action, startMs, endMs, until }) =>
    `${actor} ${action} ${startMs - BEGIN}-${endMs - BEGIN} ${until}`
  );
}

Deno.test("StepReader tells a question that starts a worker as it was", () => {
  const { steps, startMs, endMs, skewMs } = courseOf([
    said(59, "queen", "placement"),
    said(76, "hive", "worker_spawn"),
    said(101, "hive", "worker_spawn"),
    said(958, "worker", "listening"),
    said(970, "worker", "model_load"),
    said(1497, "worker", "threads"),
    said(1583, "worker", "model_load", { lastAt: at(1590), lastSeq: 1588 }),
    said(1611, "worker", "worker_ready"),
    said(2108, "hive", "worker_spawn"),
    answer(2170, 2266, 29),
    said(2268, "worker", "infer_done"),
    ended(2273),
  ], ENDED);

  assert.deepEqual(told(steps), [
    "queen wait 0-59 next",
    "queen placement 59-76 next",
    "hive worker_spawn 76-2108 said",
    "worker listening 958-970 next",
    "worker model_load 970-1590 said",
    "worker threads 1497-1583 next",
    "worker worker_ready 1611-1611 moment",
    "worker answer 2170-2266 said",
    "worker infer_done 2268-2268 moment",
  ]);
  assert.equal(startMs, BEGIN);
  assert.equal(endMs, BEGIN + 2273);
  assert.equal(skewMs, 0);
});

Deno.test("StepReader has silence last until the next line where it is longer than what was said", () => {
  const { steps } = courseOf([
    said(0, "hive", "worker_spawn"),
    said(20, "hive", "worker_spawn"),
    said(1400, "worker", "model_load", { level: "error" }),
    ended(1440),
  ], ENDED);

  assert.deepEqual(told(steps), [
    "hive worker_spawn 0-1400 next",
    "worker model_load 1400-1440 next",
  ]);
  assert.equal(steps[0]?.saidMs, BEGIN + 20);
});

Deno.test("StepReader ends an answer with its last token, however long nothing follows", () => {
  const { steps } = courseOf([answer(0, 100, 9), said(9000, "queen", "x"), ended(9001)], ENDED);
  assert.equal(told(steps)[0], "worker answer 0-100 said");
});

Deno.test("StepReader has the newest step go on while the job runs", () => {
  const entries = [said(10, "queen", "placement"), said(20, "hive", "worker_spawn")];
  const { steps, endMs } = courseOf(entries, { createdMs: BEGIN, nowMs: BEGIN + 5000 });

  assert.deepEqual(told(steps), [
    "queen wait 0-10 next",
    "queen placement 10-20 next",
    "hive worker_spawn 20-5000 now",
  ]);
  assert.equal(endMs, BEGIN + 5000);
});

Deno.test("StepReader has the wait go on as long as nothing was said", () => {
  const running = courseOf([], { createdMs: BEGIN, nowMs: BEGIN + 700 });
  assert.deepEqual(told(running.steps), ["queen wait 0-700 now"]);
  const cancelled = courseOf([ended(300)], ENDED);
  assert.deepEqual(told(cancelled.steps), ["queen wait 0-300 next"]);
});

Deno.test("StepReader of nothing is nothing", () => {
  assert.deepEqual(courseOf([], { createdMs: undefined, nowMs: undefined }), {
    startMs: 0,
    endMs: 0,
    steps: [],
    skewMs: 0,
  });
});

Deno.test("StepReader begins a worker's steps anew after its hive has warned", () => {
  const { steps } = courseOf([
    said(0, "hive", "worker_spawn"),
    said(10, "worker", "model_load"),
    said(20, "worker", "model_load"),
    said(30, "hive", "worker_died", { level: "warn" }),
    said(1000, "worker", "model_load"),
    said(1020, "worker", "model_load"),
    said(1030, "hive", "worker_spawn"),
    ended(1031),
  ], ENDED);

  assert.deepEqual(told(steps), [
    "hive worker_spawn 0-1030 said",
    "worker model_load 10-20 said",
    "hive worker_died 30-1000 next",
    "worker model_load 1000-1020 said",
  ]);
});

Deno.test("StepReader begins all steps anew after the queen has warned, and none after a worker has", () => {
  const queen = courseOf([
    said(0, "hive", "worker_spawn"),
    said(1, "queen", "retry", { level: "warn" }),
    said(2, "hive", "worker_spawn"),
  ], ENDED);
  assert.equal(queen.steps.length, 3);
  const worker = courseOf([
    said(0, "worker", "model_load"),
    said(1, "worker", "llama", { level: "warn" }),
    said(2, "worker", "model_load"),
  ], ENDED);
  assert.equal(worker.steps.length, 2);
});

Deno.test("StepReader keeps the steps of two machines apart, and tells how far their clocks differ", () => {
  const { steps, skewMs, startMs } = courseOf([
    said(500, "queen", "placement"),
    said(-1500, "hive:gpu", "worker_spawn"),
    said(-1400, "hive:cpu", "worker_spawn"),
    said(600, "queen", "relay"),
  ], { createdMs: BEGIN + 400, nowMs: undefined });

  assert.equal(skewMs, 2000);
  assert.equal(startMs, BEGIN - 1500);
  assert.deepEqual(steps.map(({ actor }) => actor), [
    "queen",
    "queen",
    "hive:gpu",
    "hive:cpu",
    "queen",
  ]);
  for (const step of steps) assert.ok(step.endMs >= step.startMs);
});

Deno.test("StepReader gives the answer to the worker that spoke", () => {
  const { steps } = courseOf([said(0, "worker:gpu", "infer"), answer(1, 9, 3)], ENDED);
  assert.equal(steps.at(-1)?.actor, "worker:gpu");
});

Deno.test("StepReader makes one step of output, with its lines counted, and none of a gap", () => {
  const lines = [1, 2, 3].map((seq) => ({
    seq,
    at: at(seq),
    stream: "stderr" as const,
    text: `line ${seq}`,
    truncated: false,
  }));
  const { steps } = courseOf([
    { kind: "gap", seq: 1, lastSeq: 5, at: at(99_999), lastAt: at(99_999) },
    { kind: "output", seq: 6, lastSeq: 8, at: at(1), lastAt: at(3), actor: "worker", lines },
    ended(4),
  ], { createdMs: undefined, nowMs: undefined });

  assert.deepEqual(told(steps), ["worker output 1-3 said"]);
  assert.equal(steps[0]?.parts, 3);
  assert.equal(steps[0]?.text, "line 1");
});

Deno.test("StepReader has every step inside its time, none of them backwards", () => {
  const entry = fc.record({
    ms: fc.integer({ min: -5000, max: 60_000 }),
    actor: fc.constantFrom("queen", "hive", "hive:gpu", "worker", "worker:gpu"),
    action: fc.constantFrom("a", "b", "model_ready"),
    level: fc.constantFrom("info", "warn", "error", "debug"),
  });
  fc.assert(fc.property(fc.array(entry), fc.option(fc.nat(90_000)), (drawn, now) => {
    const entries = drawn.map(({ ms, actor, action, level }) => said(ms, actor, action, { level }));
    const nowMs = now === null ? undefined : BEGIN + now;
    const { steps, startMs, endMs } = courseOf(entries, { createdMs: BEGIN, nowMs });
    for (const step of steps) {
      assert.ok(startMs <= step.startMs && step.startMs <= step.saidMs);
      assert.ok(step.saidMs <= step.endMs && step.endMs <= endMs);
    }
    const parts = steps.reduce((sum, step) => sum + step.parts, 0);
    assert.equal(parts, entries.length);
  }));
});

const DRAWN = fc.array(fc.record({
  ms: fc.integer({ min: -5000, max: 60_000 }),
  lastsMs: fc.nat(500),
  kind: fc.constantFrom("said", "said", "output", "answer", "data", "gap", "end"),
  actor: fc.constantFrom("queen", "hive", "hive:gpu", "worker", "worker:gpu"),
  action: fc.constantFrom("a", "b", "model_ready"),
  level: fc.constantFrom("info", "warn", "error", "debug"),
}));

// Of the others, each is of one event.
const GROWING: readonly JobEntry["kind"][] = ["said", "output", "answer"];

function entriesOf(drawn: readonly { ms: number; lastsMs: number; kind: string }[]): JobEntry[] {
  const line = { at: at(0), stream: "stdout", text: "text", truncated: false };
  return drawn.map(({ ms, lastsMs, ...others }, index) => {
    const place = { seq: index + 1, lastSeq: index + 1, at: at(ms), lastAt: at(ms + lastsMs) };
    const parts = { tokens: 3, lines: [line, line], text: `text ${index}`, state: "done" };
    return { ...place, ...parts, ...others } as unknown as JobEntry;
  });
}

Deno.test("StepReader tells the same however often it was asked while the job grew", () => {
  const readAt = fc.array(fc.nat(30));
  fc.assert(fc.property(DRAWN, fc.option(fc.nat(90_000)), readAt, (drawn, now, places) => {
    const entries = entriesOf(drawn);
    const options = { createdMs: BEGIN, nowMs: now === null ? undefined : BEGIN + now };
    const reader = new StepReader();
    const shown: JobEntry[] = [];
    for (const [index, entry] of entries.entries()) {
      const growing = { ...entry } as JobEntry;
      if (GROWING.includes(growing.kind)) growing.lastAt = growing.at;
      if (growing.kind === "answer") growing.tokens = 1;
      if (growing.kind === "output") growing.lines = growing.lines.slice(0, 1);
      shown.push(growing);
      if (places.includes(index)) {
        reader.read(shown);
        reader.course({ createdMs: undefined, nowMs: BEGIN + 99_999 });
      }
      Object.assign(growing, entry);
    }
    reader.read(shown);
    assert.deepEqual(reader.course(options), courseOf(entries, options));
  }));
});

Deno.test("StepReader looks at the newest entries alone, however long the job is", () => {
  const entries = Array.from({ length: 10_000 }, (_, ms) => said(ms, "hive", "worker_spawn"));
  const { counted, looks } = countingLooks(entries);
  const reader = new StepReader();
  reader.read(counted);
  const before = looks();
  for (let ms = 10_000; ms < 10_100; ms++) {
    entries.push(said(ms, "hive", "worker_spawn"));
    reader.read(counted);
  }
  assert.ok(looks() - before <= 1000, `${looks() - before} looks at entries for 100 of them`);
});

Deno.test("StepReader still tells the steps of lines that went", () => {
  const entries = [said(0, "queen", "placement"), said(5, "hive", "worker_spawn")];
  const reader = new StepReader();
  reader.read(entries);
  entries.shift();
  entries.push(said(9, "worker", "model_load"));
  reader.read(entries);
  assert.deepEqual(reader.course(ENDED).steps.map(({ action }) => action), [
    "placement",
    "worker_spawn",
    "model_load",
  ]);
});
