import assert from "node:assert/strict";
import fc from "fast-check";
import { RateMeter } from "../../src/base/rate_meter.ts";

Deno.test("RateMeter.take() gives the burst at once, then so many a second, and tells how long to wait", () => {
  const meter = new RateMeter();
  const rate = { perSecond: 4, burst: 3 };
  assert.deepEqual([0, 0, 0, 0].map((at) => meter.take(rate, at)), [0, 0, 0, 250]);
  assert.equal(meter.take(rate, 200), 50);
  assert.equal(meter.take(rate, 250), 0);
  assert.equal(meter.take(rate, 250), 250);
});

Deno.test("RateMeter.take() has the whole burst again after a rest, and never more", () => {
  const meter = new RateMeter();
  const rate = { perSecond: 10, burst: 2 };
  for (const at of [0, 1_000_000]) {
    assert.deepEqual([at, at, at].map((ms) => meter.take(rate, ms)), [0, 0, 100]);
  }
});

Deno.test("RateMeter.take() with a rate below one a second waits longer than one", () => {
  const meter = new RateMeter();
  const rate = { perSecond: 0.1, burst: 1 };
  assert.deepEqual([0, 0, 9999, 10_000].map((at) => meter.take(rate, at)), [0, 10_000, 1, 0]);
});

Deno.test("RateMeter.take() without a limit takes any number", () => {
  const meter = new RateMeter();
  for (let n = 0; n < 10_000; n++) assert.equal(meter.take({ perSecond: 0, burst: 1 }, 0), 0);
  assert.equal(meter.take({ perSecond: 1, burst: 1 }, 0), 0, "and they are not counted");
});

Deno.test("RateMeter.take() takes a rate that has changed at once", () => {
  const meter = new RateMeter();
  assert.equal(meter.take({ perSecond: 1, burst: 1 }, 0), 0);
  assert.equal(meter.take({ perSecond: 1, burst: 1 }, 0), 1000);
  assert.equal(meter.take({ perSecond: 1, burst: 2 }, 0), 0);
});

Deno.test("RateMeter.take() never takes more than burst and rate allow, and its wait is just enough", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 200 }),
      (perSecond, burst, steps) => {
        const meter = new RateMeter();
        const rate = { perSecond, burst };
        let now = 0;
        let taken = 0;
        for (const step of steps) {
          now += step;
          const waitMs = meter.take(rate, now);
          if (waitMs === 0) taken++;
          else assert.ok(waitMs <= 1000 / perSecond + 1e-6);
          assert.ok(taken <= burst + now * perSecond / 1000 + 1e-6);
        }
        const waitMs = meter.take(rate, now);
        if (waitMs > 0) assert.equal(meter.take(rate, now + waitMs), 0);
      },
    ),
  );
});
