import assert from "node:assert/strict";
import fc from "fast-check";
import { mostThatFit } from "../../src/worker/most_that_fit.ts";

Deno.test("mostThatFit() finds the largest that fits, and asks little", async () => {
  const count = fc.nat(500);
  await fc.assert(fc.asyncProperty(count, count, async (most, limit) => {
    const asked: number[] = [];
    const found = await mostThatFit(most, (n) => {
      asked.push(n);
      return Promise.resolve(n <= limit);
    });
    assert.equal(found, Math.min(most, limit));
    assert.ok(asked.length <= 1 + Math.ceil(Math.log2(most + 1)), `${asked}`);
    assert.ok(asked.every((n) => n > 0 && n <= most), `${asked}`);
  }));
});

Deno.test("mostThatFit() asks once where all fit", async () => {
  const asked: number[] = [];
  const fits = (n: number) => Promise.resolve(asked.push(n) > 0);
  assert.equal(await mostThatFit(81, fits), 81);
  assert.deepEqual(asked, [81]);
});

Deno.test("mostThatFit() fails as the question does", async () => {
  await assert.rejects(mostThatFit(3, () => Promise.reject(new Error("no"))), { message: "no" });
});
