import assert from "node:assert/strict";
import { delay, unlessAborted, untilAborted, within } from "../../src/base/delay.ts";

Deno.test("delay() resolves", async () => {
  assert.equal(await delay(0), undefined);
});

Deno.test("delay() waits at least as long as it is told", async () => {
  const before = performance.now();
  await delay(20);
  // Timers may fire up to a millisecond early.
  assert.ok(performance.now() - before >= 19);
});

Deno.test("delay() rejects at once with the reason of a signal that has aborted", async () => {
  const reason = new Error("stop");
  await assert.rejects(delay(3_600_000, { signal: AbortSignal.abort(reason) }), reason);
});

Deno.test("delay() rejects when its signal aborts and leaves no timer", async () => {
  const controller = new AbortController();
  const waiting = delay(3_600_000, { signal: controller.signal });
  const reason = new Error("stop");
  controller.abort(reason);
  await assert.rejects(waiting, reason);
});

Deno.test("delay() is not touched by an abort after its end", async () => {
  const controller = new AbortController();
  await delay(0, { signal: controller.signal });
  controller.abort();
});

Deno.test("within() gives the value of a promise that settles in time", async () => {
  assert.equal(await within(Promise.resolve(7), 3_600_000), 7);
});

Deno.test("within() rejects as the promise does", async () => {
  await assert.rejects(within(Promise.reject(new Error("no")), 3_600_000), /^Error: no$/);
});

Deno.test("within() gives undefined when the time has passed, and the promise goes on", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  assert.equal(await within(promise, 1), undefined);
  resolve("late");
  assert.equal(await promise, "late");
});

Deno.test("within() takes a rejection that comes too late", async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  assert.equal(await within(promise, 1), undefined);
  reject(new Error("late"));
  await assert.rejects(promise, /late/);
});

Deno.test("unlessAborted() settles as the promise does", async () => {
  const { signal } = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(7), signal), 7);
  await assert.rejects(unlessAborted(Promise.reject(new Error("no")), signal), /no/);
});

Deno.test("unlessAborted() rejects with the reason while the promise hangs", async () => {
  const controller = new AbortController();
  const reason = new Error("stop");
  const waiting = unlessAborted(Promise.withResolvers<void>().promise, controller.signal);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
});

Deno.test("unlessAborted() does not report a rejection after the abort", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const reason = new Error("stop");
  await assert.rejects(unlessAborted(promise, AbortSignal.abort(reason)), reason);
  reject(new Error("nobody waits for this"));
  // An unreported rejection would end the test run at the next turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("untilAborted() resolves at once for a signal that has aborted", async () => {
  assert.equal(await untilAborted(AbortSignal.abort(new Error("stop"))), undefined);
});

Deno.test("untilAborted() resolves when its signal aborts, and not before", async () => {
  const controller = new AbortController();
  let aborted = false;
  const waiting = untilAborted(controller.signal).then(() => aborted = true);
  await within(waiting, 1);
  assert.equal(aborted, false);
  controller.abort();
  assert.equal(await waiting, true);
});
