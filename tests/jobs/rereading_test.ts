import assert from "node:assert/strict";
import { Rereading } from "../../src/jobs/rereading.ts";

Deno.test("Rereading reads one time after another, however often it is asked at once", async () => {
  let reading = 0;
  let most = 0;
  let times = 0;
  const rereading = new Rereading(async () => {
    most = Math.max(most, ++reading);
    await Promise.resolve();
    reading--;
    times++;
  }, assert.ifError);
  await Promise.all([rereading.again(), rereading.again(), rereading.again()]);
  assert.deepEqual([most, times], [1, 3]);
});

Deno.test("Rereading tells why it has failed, and reads the next time all the same", async () => {
  const told: unknown[] = [];
  const failures = [new Error("torn")];
  let times = 0;
  const rereading = new Rereading(() => {
    times++;
    const failure = failures.pop();
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  }, (error) => void told.push(error));
  await rereading.again();
  await rereading.again();
  assert.deepEqual([times, told.map(String)], [2, ["Error: torn"]]);
});

Deno.test("Rereading.close() waits for what is being read, and has nothing read after it", async () => {
  const gate = Promise.withResolvers<void>();
  let ends = 0;
  const rereading = new Rereading(() => gate.promise.then(() => void ends++), assert.ifError);
  rereading.again();
  const closed = rereading.close();
  gate.resolve();
  await closed;
  await rereading.again();
  assert.equal(ends, 1);
});
