import assert from "node:assert/strict";
import { SignalBell } from "../../src/base/signal_bell.ts";

Deno.test("SignalBell.ring() wakes all who wait", async () => {
  const bell = new SignalBell();
  const waiting = Promise.all([bell.wait(), bell.wait(), bell.wait({ timeoutMs: 3_600_000 })]);
  bell.ring();
  assert.deepEqual(await waiting, [true, true, true]);
});

Deno.test("SignalBell.ring() with nobody waiting is not remembered", async () => {
  const bell = new SignalBell();
  bell.ring();
  assert.equal(await bell.wait({ timeoutMs: 1 }), false);
});

Deno.test("SignalBell.ring() wakes each waiter once", async () => {
  const bell = new SignalBell();
  const first = bell.wait();
  bell.ring();
  bell.ring();
  assert.equal(await first, true);
  assert.equal(await bell.wait({ timeoutMs: 1 }), false);
});

Deno.test("SignalBell.ring() does not wake who begins to wait because of it", async () => {
  const bell = new SignalBell();
  const again = bell.wait().then(() => bell.wait({ timeoutMs: 1 }));
  bell.ring();
  assert.equal(await again, false);
});

Deno.test("SignalBell.onRing() wakes once, as often as it was asked to, and not who took it back", () => {
  const bell = new SignalBell();
  let rung = 0;
  const wake = () => void rung++;
  const [takeBack] = [bell.onRing(wake), bell.onRing(wake), bell.onRing(wake)];
  takeBack!();
  bell.ring();
  bell.ring();
  assert.equal(rung, 2);
  takeBack!();
});

Deno.test("SignalBell.wait() gives false at once for a signal that has aborted", async () => {
  assert.equal(await new SignalBell().wait({ signal: AbortSignal.abort() }), false);
});

Deno.test("SignalBell.wait() gives false when its signal aborts", async () => {
  const bell = new SignalBell();
  const controller = new AbortController();
  const aborted = bell.wait({ signal: controller.signal, timeoutMs: 3_600_000 });
  const other = bell.wait();
  controller.abort();
  assert.equal(await aborted, false);
  bell.ring();
  assert.equal(await other, true);
});

Deno.test("SignalBell.wait() listens no more to its signal once it was woken", async () => {
  const bell = new SignalBell();
  const listeners = new Set<unknown>();
  const controller = new AbortController();
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListener) => {
    listeners.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  const waiting = bell.wait({ signal });
  assert.equal(listeners.size, 1);
  bell.ring();
  await waiting;
  assert.equal(listeners.size, 0);
});
