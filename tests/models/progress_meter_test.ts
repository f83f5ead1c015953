import assert from "node:assert/strict";
import { ProgressMeter } from "../../src/models/progress_meter.ts";

Deno.test("ProgressMeter tells rate and time left of the last seconds, without what was there before", () => {
  let now = 0;
  const meter = new ProgressMeter({ total: () => 10_000, bytes: 4000, now: () => now });
  now = 1000;
  assert.deepEqual(meter.at(5000), { current: 5000, total: 10_000, rate: 1000, left: 5 });
  for (now = 2000; now <= 12_000; now += 1000) meter.at(5000);
  assert.deepEqual(meter.at(5000), { current: 5000, total: 10_000, rate: 0, left: undefined });
});

Deno.test("ProgressMeter never goes back, also when all has to be fetched again", () => {
  let now = 0;
  const meter = new ProgressMeter({ total: () => 0, now: () => now });
  now = 1000;
  meter.at(5000);
  now = 2000;
  assert.equal(meter.at(0).current, 5000);
  now = 3000;
  assert.deepEqual(meter.at(1000), { current: 5000, total: 0, rate: 1000, left: undefined });
});
