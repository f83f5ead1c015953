import assert from "node:assert/strict";
import { SignalBell } from "../../src/base/signal_bell.ts";
import { type PrintedLine, ProgressLine } from "../../src/process/progress_line.ts";

function printed(line: string): PrintedLine {
  return { line, painted: line, truncated: false };
}

/** A progress line whose updates are written down. */
class WatchedProgress implements Disposable {
  readonly shown: string[] = [];
  /** The time, which stands still unless a test moves it. */
  nowMs = 0;
  /** What has no end yet. */
  rest: string | undefined;
  readonly line: ProgressLine;
  readonly #bell = new SignalBell();

  constructor() {
    this.line = new ProgressLine({
      show: ({ line }) => {
        this.shown.push(line);
        this.#bell.ring();
      },
      rest: () => this.rest === undefined ? undefined : printed(this.rest),
      now: () => this.nowMs,
    });
  }

  /** Takes updates as one read brings them. */
  read(updates: string[], rest?: string): void {
    for (const update of updates) this.line.update(printed(update));
    this.rest = rest;
    this.line.settle(rest === undefined ? "none" : updates.length > 0 ? "new" : "same");
  }

  /** Ends the line, and gives what is then to be given on. */
  finish(last: string): string | undefined {
    return this.line.finish(printed(last))?.line;
  }

  /** Lets time go by, and waits until so many updates have been shown. */
  async after(ms: number, count: number): Promise<void> {
    this.nowMs += ms;
    while (this.shown.length < count) await this.#bell.wait();
  }

  [Symbol.dispose](): void {
    this.line.close();
  }
}

Deno.test("ProgressLine shows the first update at once, and of those read together the last", () => {
  using progress = new WatchedProgress();
  progress.read(["10 %", "20 %", "30 %"]);
  assert.deepEqual(progress.shown, ["30 %"]);
});

Deno.test("ProgressLine shows updates 100 ms apart, the last one always", async () => {
  using progress = new WatchedProgress();
  for (let i = 0; i < 50; i++) progress.read([`${i} %`]);
  progress.nowMs = 99.9;
  progress.read(["50 %"]);
  assert.deepEqual(progress.shown, ["0 %"]);
  progress.nowMs = 100;
  progress.read(["51 %"]);
  assert.deepEqual(progress.shown, ["0 %", "51 %"]);
  for (let i = 52; i < 100; i++) progress.read([`${i} %`]);
  await progress.after(100, 3);
  assert.deepEqual(progress.shown, ["0 %", "51 %", "99 %"]);
});

Deno.test("ProgressLine shows an update that has no end yet, once", async () => {
  using progress = new WatchedProgress();
  progress.read([""], "10 %");
  assert.deepEqual(progress.shown, []);
  await progress.after(100, 1);
  progress.read(["10 %"], "20 %");
  await progress.after(100, 2);
  assert.deepEqual(progress.shown, ["10 %", "20 %"]);
  assert.equal(progress.finish("20 %"), undefined);
});

Deno.test("ProgressLine shows what an update without an end has become, not what it began with", async () => {
  using progress = new WatchedProgress();
  progress.read(["", ""], "1");
  progress.read([], "10");
  progress.read([], "10 %");
  await progress.after(100, 1);
  assert.deepEqual(progress.shown, ["10 %"]);
});

Deno.test("ProgressLine shows the update before what has only begun, and then what that has become", async () => {
  using progress = new WatchedProgress();
  progress.read(["10 %"]);
  progress.nowMs = 95;
  progress.read(["20 %"], "3");
  assert.deepEqual(progress.shown, ["10 %"]);
  await progress.after(5, 2);
  progress.read([], "30 %");
  await progress.after(100, 3);
  assert.deepEqual(progress.shown, ["10 %", "20 %", "30 %"]);
});

Deno.test("ProgressLine shows what came without an end in the place of what it overwrites", async () => {
  using progress = new WatchedProgress();
  progress.read(["10 %"], "20 %");
  assert.deepEqual(progress.shown, []);
  await progress.after(20, 1);
  progress.read(["30 %"], "40 %");
  await progress.after(100, 2);
  assert.deepEqual(progress.shown, ["20 %", "40 %"]);
  assert.equal(progress.line.close(), undefined);
});

Deno.test("ProgressLine shows the update before one that is still blank or may not be shown", async () => {
  using progress = new WatchedProgress();
  progress.read(["10 %"]);
  progress.read(["20 %"], "   ");
  await progress.after(100, 2);
  progress.read(["30 %"]);
  await progress.after(100, 3);
  assert.deepEqual(progress.shown, ["10 %", "20 %", "30 %"]);
});

Deno.test("ProgressLine passes over blank updates and those that change nothing", () => {
  using progress = new WatchedProgress();
  progress.read(["10 %", "", "   "]);
  progress.read(["10 %", "\t"]);
  assert.deepEqual(progress.shown, ["10 %"]);
  assert.equal(progress.line.close(), undefined);
});

Deno.test("ProgressLine.finish() gives a line back that nothing was written over", () => {
  using progress = new WatchedProgress();
  assert.equal(progress.finish("line"), "line");
  assert.equal(progress.finish(""), "");
});

Deno.test("ProgressLine.finish() gives back a line that overwrites what was shown or to be shown", () => {
  using progress = new WatchedProgress();
  progress.read(["10 %"]);
  progress.read(["20 %"]);
  assert.equal(progress.line.isBusy, true);
  assert.equal(progress.finish("done"), "done");
  assert.equal(progress.line.isBusy, false);
  assert.deepEqual(progress.shown, ["10 %"]);
  assert.equal(progress.line.close(), undefined);
});

Deno.test("ProgressLine.finish() gives nothing back that was already shown", () => {
  using progress = new WatchedProgress();
  progress.read(["100 %"]);
  assert.equal(progress.finish("100 %"), undefined);
  assert.equal(progress.finish("100 %"), "100 %");
});

Deno.test("ProgressLine.finish() of a cleared line gives back the last update, unless it was shown", () => {
  using progress = new WatchedProgress();
  progress.read(["10 %"]);
  progress.read(["20 %", ""]);
  assert.equal(progress.finish(""), "20 %");
  progress.line.update(printed("30 %"));
  progress.line.update(printed(""));
  assert.equal(progress.finish("  "), "30 %");
  progress.line.update(printed(""));
  assert.equal(progress.finish(""), "");
});

Deno.test("ProgressLine.finish() of a cleared line gives nothing back when the last update was shown", () => {
  using progress = new WatchedProgress();
  progress.read(["100 %"]);
  assert.equal(progress.finish(""), undefined);
});

Deno.test("ProgressLine.interrupt() leaves what is to be shown, for the next line to replace", async () => {
  using progress = new WatchedProgress();
  progress.read(["10 %"]);
  progress.read(["20 %"]);
  progress.line.interrupt();
  assert.equal(progress.line.isOpen, false);
  await progress.after(100, 2);
  assert.deepEqual(progress.shown, ["10 %", "20 %"]);
  progress.read(["30 %"]);
  progress.line.interrupt();
  assert.equal(progress.finish("line"), "line");
  assert.equal(progress.line.close(), undefined);
});

Deno.test("ProgressLine shows the same text again in another line", async () => {
  using progress = new WatchedProgress();
  progress.read(["10 %"]);
  assert.equal(progress.finish("done"), "done");
  progress.read(["10 %"]);
  await progress.after(100, 2);
  progress.line.interrupt();
  progress.read(["10 %"]);
  await progress.after(100, 3);
});

Deno.test("ProgressLine.close() returns what was still to be shown, and leaves no timer", () => {
  const progress = new WatchedProgress();
  progress.read(["10 %"]);
  progress.read(["20 %"], "30 %");
  assert.equal(progress.line.close()?.line, "20 %");
});
