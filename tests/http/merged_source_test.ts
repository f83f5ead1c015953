import assert from "node:assert/strict";
import { MergedSource } from "../../src/http/merged_source.ts";
import { SteppedSource } from "../helpers/stepped_source.ts";

const HOUR_MS = 3_600_000;
const decoder = new TextDecoder();

function sources(count: number): SteppedSource[] {
  return Array.from({ length: count }, () => new SteppedSource());
}

/** All that can be read now, in order. */
function readAll(merged: MergedSource): string[] {
  const texts: string[] = [];
  for (let bytes = merged.read(); bytes !== undefined; bytes = merged.read()) {
    texts.push(decoder.decode(bytes));
  }
  return texts;
}

function patiently(signal = new AbortController().signal) {
  return { timeoutMs: HOUR_MS, signal };
}

Deno.test("MergedSource asks each source in turn, so that one that has much keeps no other back", () => {
  const [much, little, none] = sources(3) as [SteppedSource, SteppedSource, SteppedSource];
  for (let n = 1; n <= 5; n++) much.push(`a${n}`);
  little.push("b1");
  little.push("b2");
  const merged = new MergedSource([much, little, none]);
  assert.deepEqual(readAll(merged), ["a1", "b1", "a2", "b2", "a3", "a4", "a5"]);
});

Deno.test("MergedSource begins with the source after the one that gave last", () => {
  const [first, second, third] = sources(3) as [SteppedSource, SteppedSource, SteppedSource];
  const merged = new MergedSource([first, second, third]);
  second.push("b1");
  assert.deepEqual(readAll(merged), ["b1"]);
  for (const [source, text] of [[first, "a"], [second, "b"], [third, "c"]] as const) {
    source.push(text);
  }
  assert.deepEqual(readAll(merged), ["c", "a", "b"]);
});

Deno.test("MergedSource.wait() resolves when any source has more, and leaves nobody to wait in the others", async () => {
  const all = sources(3);
  const merged = new MergedSource(all);
  for (const source of all) {
    const waiting = merged.wait(patiently());
    assert.deepEqual(all.map(({ waiting }) => waiting), [1, 1, 1]);
    source.push("x");
    assert.equal(await waiting, true);
    await Promise.resolve();
    assert.deepEqual(all.map(({ waiting }) => waiting), [0, 0, 0]);
    assert.deepEqual(readAll(merged), ["x"]);
  }
});

Deno.test("MergedSource.wait() resolves at once when something is there", async () => {
  const [first, second] = sources(2) as [SteppedSource, SteppedSource];
  second.push("x");
  assert.equal(await new MergedSource([first, second]).wait(patiently()), true);
  assert.equal(first.waiting, 0);
});

Deno.test("MergedSource.wait() resolves false after its time and when its signal aborts", async () => {
  const all = sources(2);
  const merged = new MergedSource(all);
  const abort = new AbortController();
  assert.equal(await merged.wait({ timeoutMs: 0, signal: abort.signal }), false);
  const waiting = merged.wait(patiently(abort.signal));
  abort.abort();
  assert.equal(await waiting, false);
  assert.deepEqual(all.map(({ waiting }) => waiting), [0, 0]);
  assert.equal(await merged.wait(patiently(abort.signal)), false, "it had aborted before");
});

Deno.test("MergedSource.wait() takes one timer and one listener, in however many it waits, and gives them back", async () => {
  const { setTimeout, clearTimeout } = globalThis;
  const abort = new AbortController();
  const { signal } = abort;
  const running = new Set<unknown>();
  const begun: string[] = [];
  const add = signal.addEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListener) => {
    begun.push(type);
    add(type, listener);
  };
  globalThis.setTimeout = ((...given: Parameters<typeof setTimeout>) => {
    const timer = setTimeout(...given);
    begun.push("timer");
    running.add(timer);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    running.delete(timer);
    clearTimeout(timer);
  };
  try {
    const all = sources(4);
    const waiting = new MergedSource(all).wait(patiently(signal));
    assert.deepEqual(begun.sort(), ["abort", "timer"]);
    all[2]!.push("x");
    assert.equal(await waiting, true);
    assert.equal(running.size, 0);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
});

Deno.test("MergedSource goes on without a source that has ended, and waits in the others alone", async () => {
  const [short, long] = sources(2) as [SteppedSource, SteppedSource];
  const merged = new MergedSource([short, long]);
  short.push("last");
  short.end();
  assert.equal(merged.ended, false);
  assert.deepEqual(readAll(merged), ["last"]);
  assert.deepEqual([short.ended, merged.ended], [true, false]);
  // One that has ended resolves its waits at once.
  assert.equal(await merged.wait({ ...patiently(), timeoutMs: 0 }), false);
  const waiting = merged.wait(patiently());
  long.push("more");
  assert.equal(await waiting, true);
  assert.deepEqual(readAll(merged), ["more"]);
});

Deno.test("MergedSource ends when all of its sources have, and tells who waits", async () => {
  const all = sources(2);
  const merged = new MergedSource(all);
  const waiting = merged.wait(patiently());
  for (const source of all) source.end();
  assert.equal(await waiting, true);
  assert.equal(merged.ended, true);
  assert.equal(merged.read(), undefined);
  assert.equal(await merged.wait(patiently()), true);
});
