import assert from "node:assert/strict";
import { TokenRates } from "../../src/queen/token_rates.ts";

const [A, B] = [{ hive: "local", workerId: "a" }, { hive: "attic", workerId: "b" }];

/** Rates with a clock that the test moves. */
function steppedRates() {
  const clock = { nowMs: 1_000_000 };
  return { clock, rates: new TokenRates({ now: () => clock.nowMs }) };
}

Deno.test("TokenRates tells the tokens of a second as a mean over the last seconds", () => {
  const { clock, rates } = steppedRates();
  for (let n = 0; n < 1000; n++) {
    clock.nowMs += 10;
    rates.count(A);
    // From when there have been enough of them.
    if (n >= 300) {
      const rate = rates.rateOf("a");
      assert.ok(rate >= 98 && rate <= 102, `${rate} after ${n} tokens`);
    }
  }
});

Deno.test("TokenRates falls to 0 within 2.5 seconds of the last token, and does not rise on its way", () => {
  const { clock, rates } = steppedRates();
  for (let n = 0; n < 300; n++) {
    clock.nowMs += 10;
    rates.count(A);
  }
  let last = rates.rateOf("a");
  for (let ms = 0; ms < 2500; ms += 50) {
    clock.nowMs += 50;
    const rate = rates.rateOf("a");
    assert.ok(rate <= last, `${rate} after ${last}`);
    last = rate;
  }
  assert.equal(last, 0);
  clock.nowMs += 3_600_000;
  rates.count(A);
  assert.ok(rates.rateOf("a") < 1, "what was long ago does not come round again");
});

Deno.test("TokenRates counts each worker for itself, and knows nothing of others", () => {
  const { rates } = steppedRates();
  for (let n = 0; n < 20; n++) rates.count(A);
  rates.count(B);
  assert.ok(rates.rateOf("a") > rates.rateOf("b"));
  assert.ok(rates.rateOf("b") > 0);
  assert.equal(rates.rateOf("c"), 0);
});

Deno.test("TokenRates gives the tokens of each hive since they were asked for last", () => {
  const { clock, rates } = steppedRates();
  assert.deepEqual([...rates.takeHives()], []);
  for (let n = 0; n < 3; n++) rates.count(A);
  rates.count({ hive: "local", workerId: "c" });
  rates.count(B);
  clock.nowMs += 60_000;
  assert.deepEqual([...rates.takeHives()], [["local", 4], ["attic", 1]]);
  assert.deepEqual([...rates.takeHives()], []);
});

Deno.test("TokenRates forgets the workers that are gone", () => {
  const { rates } = steppedRates();
  rates.count(A);
  rates.count(B);
  rates.keepOnly(new Set(["b"]));
  assert.equal(rates.rateOf("a"), 0);
  assert.ok(rates.rateOf("b") > 0);
});
