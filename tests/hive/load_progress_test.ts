import assert from "node:assert/strict";
import { LoadProgress } from "../../src/hive/load_progress.ts";

const percent = (current: number) => ({ current, total: 100, unit: "percent" });

/** What was told, and what waits for more of it. */
function watched() {
  const told: (number | undefined)[] = [];
  let next = Promise.withResolvers<void>();
  const progress: LoadProgress = new LoadProgress({
    onProgress() {
      told.push(progress.percent);
      next.resolve();
      next = Promise.withResolvers();
    },
  });
  return { progress, told, next: () => next.promise };
}

Deno.test("LoadProgress tells of the first at once, and of those that follow at once by the last of them", async () => {
  const { progress, told, next } = watched();
  assert.equal(progress.percent, undefined);
  progress.note(percent(0));
  assert.deepEqual(told, [0]);
  const startedMs = performance.now();
  for (const current of [20, 40, 60]) progress.note(percent(current));
  assert.deepEqual([told, progress.percent], [[0], 60]);
  await next();
  assert.deepEqual(told, [0, 60]);
  // Timers may come a little early.
  assert.ok(performance.now() - startedMs > 240);
});

Deno.test("LoadProgress tells nothing when nothing has changed, and passes over what is not in percent", () => {
  const { progress, told } = watched();
  progress.note({ current: 5, total: 10, unit: "bytes" });
  assert.deepEqual([told, progress.percent], [[], undefined]);
  progress.note(percent(30));
  progress.note(percent(30));
  assert.deepEqual(told, [30]);
  progress.clear();
  progress.note(percent(400));
  assert.equal(progress.percent, 100);
  progress.clear();
});

Deno.test("LoadProgress that is cleared forgets it and tells of it no more", () => {
  // The sanitizer of this test sees a timer that is left.
  const { progress, told } = watched();
  progress.note(percent(10));
  progress.note(percent(20));
  progress.clear();
  assert.deepEqual([told, progress.percent], [[10], undefined]);
});
