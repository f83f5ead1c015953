import assert from "node:assert/strict";
import fc from "fast-check";
import type { JournalSegment } from "../../src/journal/journal.ts";
import { WriteQueue } from "../../src/journal/write_queue.ts";

/** A segment of `count` events whose bytes nobody reads. */
function segment(from: number, count: number, bytes: number): JournalSegment {
  return { from, to: from + count - 1, bytes: new Uint8Array(bytes) };
}

function places(batch: { segments: { jobId: string; segment: JournalSegment }[] }): string[] {
  return batch.segments.map(({ jobId, segment }) => `${jobId} ${segment.from}-${segment.to}`);
}

Deno.test("WriteQueue starts empty", () => {
  const queue = new WriteQueue();
  assert.equal(queue.isEmpty, true);
  assert.equal(queue.bytes, 0);
  assert.deepEqual(queue.take(1000), { segments: [], records: [] });
});

Deno.test("WriteQueue.take() gives segments in order, then the records", () => {
  const queue = new WriteQueue();
  queue.addRecord("a", "{}");
  queue.addSegment("a", segment(1, 2, 10));
  queue.addSegment("b", segment(1, 1, 10));
  queue.addSegment("a", segment(3, 1, 10));
  assert.equal(queue.bytes, 30);
  const batch = queue.take(1000);
  assert.deepEqual(places(batch), ["a 1-2", "a 3-3", "b 1-1"]);
  assert.deepEqual(batch.records, [{ jobId: "a", json: "{}" }]);
  assert.equal(queue.isEmpty, true);
  assert.equal(queue.bytes, 0);
});

Deno.test("WriteQueue.take() takes about so many bytes, and no record ahead of its events", () => {
  const queue = new WriteQueue();
  queue.addRecord("a", "{}");
  for (let n = 1; n <= 5; n++) queue.addSegment("a", segment(n, 1, 10));
  const first = queue.take(240);
  assert.deepEqual(places(first), ["a 1-1", "a 2-2", "a 3-3"]);
  assert.deepEqual(first.records, []);
  assert.equal(queue.bytes, 20);
  assert.equal(queue.isEmpty, false);
  const second = queue.take(240);
  assert.deepEqual(places(second), ["a 4-4", "a 5-5"]);
  assert.equal(second.records.length, 1);
});

Deno.test("WriteQueue.take() takes some of each job, so that a busy one holds up no other", () => {
  const queue = new WriteQueue();
  for (let n = 1; n <= 100; n++) queue.addSegment("busy", segment(n, 1, 10));
  queue.addSegment("small", segment(1, 1, 10));
  queue.addRecord("small", "{}");
  queue.addRecord("quiet", "{}");
  const batch = queue.take(80);
  assert.deepEqual(places(batch), ["busy 1-1", "small 1-1"]);
  assert.deepEqual(batch.records.map(({ jobId }) => jobId), ["small", "quiet"]);
  for (let n = 101; n <= 200; n++) queue.addSegment("busy", segment(n, 1, 10));
  queue.addSegment("later", segment(1, 1, 10));
  assert.deepEqual(places(queue.take(80)), ["busy 2-2", "later 1-1"]);
});

Deno.test("WriteQueue.addRecord() replaces the record that waits", () => {
  const queue = new WriteQueue();
  queue.addRecord("a", "old");
  queue.addRecord("a", "new");
  assert.deepEqual(queue.take(1).records, [{ jobId: "a", json: "new" }]);
});

Deno.test("WriteQueue.find() gives the first segment that ends after an event", () => {
  const queue = new WriteQueue();
  queue.addSegment("a", segment(5, 3, 1));
  queue.addSegment("a", segment(8, 3, 1));
  assert.equal(queue.find("a", 0)?.from, 5);
  assert.equal(queue.find("a", 6)?.from, 5);
  assert.equal(queue.find("a", 7)?.from, 8);
  assert.equal(queue.find("a", 10), undefined);
  assert.equal(queue.find("b", 0), undefined);
});

Deno.test("WriteQueue.putBack() puts what was taken before what has come since", () => {
  const queue = new WriteQueue();
  queue.addSegment("a", segment(1, 1, 10));
  queue.addSegment("a", segment(2, 1, 10));
  queue.addRecord("a", "old");
  queue.addRecord("b", "only");
  const batch = queue.take(1000);
  queue.addSegment("a", segment(3, 1, 10));
  queue.addRecord("a", "new");
  queue.putBack(batch);
  assert.equal(queue.bytes, 30);
  const again = queue.take(1000);
  assert.deepEqual(places(again), ["a 1-1", "a 2-2", "a 3-3"]);
  assert.deepEqual(
    again.records.map(({ jobId, json }) => [jobId, json]).sort(),
    [["a", "new"], ["b", "only"]],
  );
});

Deno.test("WriteQueue.dropTo() drops the oldest and counts their events", () => {
  const queue = new WriteQueue();
  queue.addSegment("a", segment(1, 7, 10));
  queue.addSegment("a", segment(8, 2, 10));
  queue.addSegment("b", segment(1, 1, 10));
  assert.equal(queue.dropTo(20), 7);
  assert.equal(queue.bytes, 20);
  assert.deepEqual(places(queue.take(1000)), ["a 8-9", "b 1-1"]);
  assert.equal(queue.dropTo(0), 0);
});

Deno.test("WriteQueue.dropTo() goes on with the next job, and keeps records", () => {
  const queue = new WriteQueue();
  queue.addSegment("a", segment(1, 1, 10));
  queue.addSegment("b", segment(1, 1, 10));
  queue.addRecord("a", "{}");
  assert.equal(queue.dropTo(0), 2);
  assert.equal(queue.bytes, 0);
  assert.equal(queue.isEmpty, false);
  assert.equal(queue.take(10).records.length, 1);
});

Deno.test("WriteQueue.forget() drops all of one job and nothing of another", () => {
  const queue = new WriteQueue();
  queue.addSegment("a", segment(1, 1, 10));
  queue.addRecord("a", "{}");
  queue.addSegment("b", segment(1, 1, 7));
  queue.addRecord("b", "{}");
  queue.forget("a");
  queue.forget("never seen");
  assert.equal(queue.bytes, 7);
  const batch = queue.take(1000);
  assert.deepEqual(places(batch), ["b 1-1"]);
  assert.deepEqual(batch.records.map(({ jobId }) => jobId), ["b"]);
});

Deno.test("WriteQueue gives each job's segments once and in order, however writes fail", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), job: fc.nat(3), bytes: fc.nat(100) }),
    fc.record({ kind: fc.constant("take" as const), bytes: fc.nat(300), fails: fc.boolean() }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const queue = new WriteQueue();
    const added = [0, 0, 0, 0];
    const written: number[][] = [[], [], [], []];
    const write = (maxBytes: number, fails: boolean) => {
      const batch = queue.take(maxBytes);
      if (fails) return queue.putBack(batch);
      for (const { jobId, segment } of batch.segments) written[Number(jobId)]!.push(segment.from);
    };
    for (const now of steps) {
      if (now.kind === "take") write(now.bytes, now.fails);
      else queue.addSegment(String(now.job), segment(++added[now.job]!, 1, now.bytes));
    }
    while (!queue.isEmpty) write(1000, false);
    assert.equal(queue.bytes, 0);
    for (const [job, last] of added.entries()) {
      assert.deepEqual(written[job], Array.from({ length: last }, (_, n) => n + 1));
    }
  }));
});
