import assert from "node:assert/strict";
import fc from "fast-check";
import { Backoff } from "../../src/base/backoff.ts";

function waits(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next());
}

Deno.test("Backoff.next() doubles from 50 ms up to 2 s by default", () => {
  assert.deepEqual(waits(new Backoff(), 8), [50, 100, 200, 400, 800, 1600, 2000, 2000]);
});

Deno.test("Backoff.next() follows the options", () => {
  const backoff = new Backoff({ firstMs: 10, maxMs: 100, factor: 3 });
  assert.deepEqual(waits(backoff, 5), [10, 30, 90, 100, 100]);
});

Deno.test("Backoff.next() never passes the cap, not even at first", () => {
  assert.deepEqual(waits(new Backoff({ firstMs: 500, maxMs: 20 }), 3), [20, 20, 20]);
});

Deno.test("Backoff.reset() starts again at the first wait", () => {
  const backoff = new Backoff({ firstMs: 10 });
  waits(backoff, 5);
  backoff.reset();
  assert.deepEqual(waits(backoff, 3), [10, 20, 40]);
});

Deno.test("Backoff.next() takes off at most the jitter's part of a wait", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (jitter) => {
    const plain = new Backoff({ firstMs: 10, maxMs: 300 });
    const chance = new Backoff({ firstMs: 10, maxMs: 300, jitter });
    for (let i = 0; i < 10; i++) {
      const full = plain.next();
      const wait = chance.next();
      assert.ok(wait <= full, `${wait} is more than ${full}`);
      assert.ok(wait >= full * (1 - jitter), `${wait} is less than jitter ${jitter} allows`);
    }
  }));
});

Deno.test("Backoff.next() with jitter gives different waits", () => {
  const backoff = new Backoff({ firstMs: 100, factor: 1, jitter: 1 });
  assert.ok(new Set(waits(backoff, 20)).size > 1);
});
