import assert from "node:assert/strict";
import { Readiness } from "../../src/hive/readiness_promise.ts";

Deno.test("Readiness resolves for all that wait, and says that it is settled", async () => {
  const readiness = new Readiness();
  const { promise, settled } = readiness;
  assert.equal(settled.aborted, false);
  readiness.resolve();
  await Promise.all([promise, readiness.promise]);
  assert.equal(settled.aborted, true);
});

Deno.test("Readiness rejects for all that wait, and reports nothing where nobody does", async () => {
  const readiness = new Readiness();
  const reason = new Error("it is gone");
  readiness.reject(reason);
  assert.equal(readiness.settled.aborted, true);
  await assert.rejects(readiness.promise, reason);
});

Deno.test("Readiness that is renewed while it is not settled keeps who waits", async () => {
  const readiness = new Readiness();
  const { promise, settled } = readiness;
  readiness.renew();
  assert.equal(readiness.promise, promise);
  readiness.resolve();
  await promise;
  assert.equal(settled.aborted, true);
});

Deno.test("Readiness that is renewed after it was settled is a new one", async () => {
  const readiness = new Readiness();
  readiness.resolve();
  const { promise, settled } = readiness;
  readiness.renew();
  assert.notEqual(readiness.promise, promise);
  assert.deepEqual([settled.aborted, readiness.settled.aborted], [true, false]);
  readiness.reject(new Error("it is gone"));
  await promise;
  await assert.rejects(readiness.promise);
});
