import assert from "node:assert/strict";
import { within } from "../../src/base/delay.ts";
import { type ReadinessOptions, waitUntilReady } from "../../src/process/readiness.ts";
import { CapturedChild, shell } from "../helpers/captured_child.ts";

const PATIENCE_MS = 20_000;
const NEVER_MS = 3_600_000;

/** Waits for what is given, on a process that lives and has just done something. */
function wait(options: Partial<ReadinessOptions>): Promise<void> {
  const begin = performance.now();
  return waitUntilReady({
    probe: () => Promise.resolve(false),
    exited: Promise.withResolvers<void>().promise,
    lastProgress: () => begin,
    stallMs: NEVER_MS,
    ...options,
  });
}

/** Rejects instead of hanging when what should come at once does not. */
async function soon<T>(promise: Promise<T>): Promise<void> {
  const settled = await within(promise.then(() => true), PATIENCE_MS);
  assert.ok(settled, "It still waits");
}

/** A probe that never settles by itself, and the signals that it was given. */
function hangingProbe() {
  const signals: AbortSignal[] = [];
  const called = Promise.withResolvers<void>();
  const probe = (signal: AbortSignal) => {
    signals.push(signal);
    called.resolve();
    return Promise.withResolvers<boolean>().promise;
  };
  return { probe, signals, called: called.promise };
}

Deno.test("waitUntilReady() resolves as soon as a probe says so", async () => {
  let probes = 0;
  await wait({ probe: () => Promise.resolve(++probes === 3) });
  assert.equal(probes, 3);
});

Deno.test("waitUntilReady() takes a probe that fails for not yet, whatever it fails with", async () => {
  const failures = [new TypeError("connection refused"), "text", undefined, null];
  let probes = 0;
  await wait({
    probe() {
      return probes < failures.length ? Promise.reject(failures[probes++]) : Promise.resolve(true);
    },
  });
  assert.equal(probes, failures.length);
});

Deno.test("waitUntilReady() ends at once when a real child dies", async () => {
  await using captured = new CapturedChild(shell("echo starting; read -r go; exit 3"));
  await captured.printed("starting");
  let probes = 0;
  const waiting = wait({
    exited: captured.child.exited,
    async probe() {
      if (++probes === 2) await captured.child.closeInput();
      return false;
    },
  });
  await assert.rejects(soon(waiting), { name: "RbeeError", code: "exited_early" });
});

Deno.test("waitUntilReady() ends when the child dies while a probe hangs, and aborts that probe", async () => {
  const { probe, signals, called } = hangingProbe();
  const { promise: exited, resolve: exit } = Promise.withResolvers<void>();
  const waiting = wait({ probe, exited });
  await called;
  exit();
  await assert.rejects(soon(waiting), { code: "exited_early" });
  assert.deepEqual(signals.map((signal) => signal.aborted), [true]);
});

Deno.test("waitUntilReady() does not take another program's answer after the child has died", async () => {
  const waiting = wait({
    exited: Promise.resolve(),
    probe: () => Promise.resolve(true),
  });
  await assert.rejects(soon(waiting), { code: "exited_early" });
});

Deno.test("waitUntilReady() times out when nothing happens for the stall limit", async () => {
  const waiting = wait({ stallMs: 30 });
  await assert.rejects(soon(waiting), { name: "RbeeError", code: "timeout" });
});

Deno.test("waitUntilReady() names the limit in seconds", async () => {
  const waiting = wait({ stallMs: 2000, lastProgress: () => performance.now() - 2001 });
  await assert.rejects(soon(waiting), { message: /^Nothing happened for 2 s / });
});

Deno.test("waitUntilReady() times out when a probe hangs, and aborts it", async () => {
  const { probe, signals } = hangingProbe();
  await assert.rejects(soon(wait({ probe, stallMs: 30 })), { code: "timeout" });
  assert.ok(signals.length > 0);
  assert.ok(signals.every((signal) => signal.aborted));
});

Deno.test("waitUntilReady() waits longer than its limit as long as there is progress", async () => {
  let probes = 0;
  const begin = performance.now();
  await wait({
    stallMs: 40,
    lastProgress: () => performance.now(),
    probe: () => Promise.resolve(++probes === 5),
  });
  // The waits between five probes alone: 20 + 40 + 80 + 160 ms.
  assert.ok(performance.now() - begin > 200);
});

Deno.test("waitUntilReady() rejects with the reason when its signal aborts", async () => {
  const { probe, called } = hangingProbe();
  const controller = new AbortController();
  const reason = new Error("cancelled");
  const waiting = wait({ probe, signal: controller.signal });
  await called;
  controller.abort(reason);
  await assert.rejects(soon(waiting), reason);
});

Deno.test("waitUntilReady() asks nothing when its signal has aborted before", async () => {
  const { probe, signals } = hangingProbe();
  const reason = new Error("cancelled");
  await assert.rejects(soon(wait({ probe, signal: AbortSignal.abort(reason) })), reason);
  assert.equal(signals.length, 0);
});

Deno.test("waitUntilReady() times out when all its time is over, whatever happens meanwhile", async () => {
  const lastProgress = () => performance.now();
  await assert.rejects(soon(wait({ totalMs: 50, lastProgress })), {
    code: "timeout",
    message: "It was not ready 0 s after it was started",
  });
  const { probe, signals } = hangingProbe();
  await assert.rejects(soon(wait({ totalMs: 50, lastProgress, probe })), { code: "timeout" });
  assert.ok(signals.every((signal) => signal.aborted));
});

Deno.test("waitUntilReady() reads what came while this process did not run before it takes it for silence", async () => {
  const hourAgo = performance.now() - NEVER_MS;
  let lastMs = hourAgo;
  // What came is read in a later turn of the loop.
  const read = setTimeout(() => lastMs = performance.now(), 0);
  await wait({
    stallMs: PATIENCE_MS,
    lastProgress: () => lastMs,
    probe: () => Promise.resolve(lastMs > hourAgo),
  });
  clearTimeout(read);
});
