import assert from "node:assert/strict";
import { Pace } from "../../src/page/pace.ts";

Deno.test("Pace lets a value through at most once in a while, and says when to come again", () => {
  const pace = new Pace("first", 1000);
  assert.equal(pace.take("first", { everyMs: 500, nowMs: 1001 }), undefined);
  assert.equal(pace.take("second", { everyMs: 500, nowMs: 1100 }), 400);
  assert.equal(pace.shown, "first");
  assert.equal(pace.take("third", { everyMs: 500, nowMs: 1500 }), undefined);
  assert.equal(pace.shown, "third");
  assert.equal(pace.take("fourth", { everyMs: 500, nowMs: 1600 }), 400);
});

Deno.test("Pace lets every value through where there is nothing to wait for", () => {
  const pace = new Pace(1, 1000);
  for (const value of [2, 3, 4]) {
    assert.equal(pace.take(value, { everyMs: 0, nowMs: 1000 }), undefined);
    assert.equal(pace.shown, value);
  }
});
