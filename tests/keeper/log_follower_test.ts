import assert from "node:assert/strict";
import { LogFollower } from "../../src/keeper/log_follower.ts";
import { formatNarrationJson } from "../../src/narration/json_format.ts";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** A log file that a daemon writes and a follower reads. */
class FollowedLog implements AsyncDisposable {
  readonly path: string;
  readonly said = new RecordedNarration();
  follower!: LogFollower;
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
    this.path = folder.join("queen.log");
  }

  /** Opens a log that already holds `before`, or is not there. */
  static async open(before?: string): Promise<FollowedLog> {
    const log = new FollowedLog(await TemporaryFolder.make());
    if (before !== undefined) await Deno.writeTextFile(log.path, before);
    log.follower = await LogFollower.open(log.path);
    return log;
  }

  /** Adds to the file and lets the follower read. */
  async write(text: string): Promise<void> {
    await Deno.writeTextFile(this.path, text, { append: true });
    await this.follower.pump();
  }

  /** What the follower has said. */
  humans(): string[] {
    return this.said.records.map(({ human }) => human);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.said[Symbol.dispose]();
    this.follower.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

function line(human: string, fields: Partial<NarrationRecord> = {}): string {
  return formatNarrationJson({
    rbee: "narration",
    at: "2026-01-31T12:00:00.123Z",
    actor: "queen",
    action: "startup",
    human,
    level: "info",
    ...fields,
  }) + "\n";
}

Deno.test("LogFollower says what the daemon narrates, as the daemon said it", async () => {
  await using log = await FollowedLog.open();
  await log.write(line("Listening", { action: "listening", fields: { port: 1 }, level: "warn" }));
  assert.deepEqual(log.said.records, [{
    rbee: "narration",
    at: "2026-01-31T12:00:00.123Z",
    actor: "queen",
    action: "listening",
    human: "Listening",
    level: "warn",
    fields: { port: 1 },
  }]);
});

Deno.test("LogFollower begins where the file ended when it was opened", async () => {
  await using log = await FollowedLog.open(line("of an earlier start"));
  await log.follower.pump();
  assert.deepEqual(log.humans(), []);
  await log.write(line("of this start"));
  assert.deepEqual(log.humans(), ["of this start"]);
});

Deno.test("LogFollower makes the file if there is none, for its owner alone", async () => {
  await using log = await FollowedLog.open();
  const { mode } = await Deno.stat(log.path);
  assert.equal(mode! & 0o777, 0o600);
});

Deno.test("LogFollower says a line once it is whole, however it is written", async () => {
  await using log = await FollowedLog.open();
  const text = line("häf höney \u{1f36f}");
  for (let at = 0; at < text.length; at += 7) {
    assert.deepEqual(log.humans(), []);
    await log.write(text.slice(at, at + 7));
  }
  assert.deepEqual(log.humans(), ["häf höney \u{1f36f}"]);
  await log.follower.pump();
  assert.deepEqual(log.humans(), ["häf höney \u{1f36f}"]);
});

Deno.test("LogFollower reads more than its buffer holds in one go", async () => {
  await using log = await FollowedLog.open();
  const humans = Array.from({ length: 2000 }, (_, i) => `line ${i} ${"x".repeat(100)}`);
  await log.write(humans.map((human) => line(human)).join(""));
  assert.deepEqual(log.humans(), humans);
});

Deno.test("LogFollower keeps to itself what belongs to somebody's job", async () => {
  await using log = await FollowedLog.open();
  await log.write(
    line("of a job", { job_id: "job-of-another", level: "error" }) + line("of none"),
  );
  assert.deepEqual(log.humans(), ["of none"]);
  assert.equal(log.follower.lastWords, "");
});

Deno.test("LogFollower says no line that is no narration, and remembers it", async () => {
  await using log = await FollowedLog.open();
  await log.write('error: Module not found "x"\n{"level":"info"}\n\n   \n');
  assert.deepEqual(log.humans(), []);
  assert.equal(log.follower.lastWords, 'error: Module not found "x" {"level":"info"}');
});

Deno.test("LogFollower's last words are the last three lines that were no narration", async () => {
  await using log = await FollowedLog.open();
  await log.write(Array.from({ length: 50 }, (_, i) => `line ${i}\n`).join(""));
  assert.equal(log.follower.lastWords, "line 47 line 48 line 49");
});

Deno.test("LogFollower's last words are the last error that was narrated, where there was one", async () => {
  await using log = await FollowedLog.open();
  await log.write(
    line("The first reason", { level: "error" }) + "a stack trace\n" +
      line("The port is taken", { level: "error" }) + line("Stopped") + "more\n",
  );
  assert.equal(log.follower.lastWords, "The port is taken");
});

Deno.test("LogFollower reads the padded text too and removes what a terminal would obey", async () => {
  await using log = await FollowedLog.open();
  await log.write("[hive      ] worker_spawn   : Spawning\x1b[31m it\n");
  assert.equal(log.said.records[0]?.actor, "hive");
  assert.deepEqual(log.humans(), ["Spawning it"]);
});

Deno.test("LogFollower's last words are without what was written over", async () => {
  await using log = await FollowedLog.open();
  await log.write("starting\n10 %\r50 %\r100 %\r\n" + line("Listening"));
  assert.equal(log.follower.lastWords, "starting 100 %");
  assert.deepEqual(log.humans(), ["Listening"]);
});

Deno.test("LogFollower reads no narration out of a line that was cut", async () => {
  await using log = await FollowedLog.open();
  await log.write(`[queen     ] startup        : ${"x".repeat(70_000)}\n`);
  assert.deepEqual(log.humans(), []);
  assert.match(log.follower.lastWords, /^\[queen/);
});

Deno.test("LogFollower tells when the last line came", async () => {
  await using log = await FollowedLog.open();
  const opened = log.follower.lastLineMs;
  await log.write("half a line");
  assert.equal(log.follower.lastLineMs, opened);
  const before = performance.now();
  await log.write(" and its end\n");
  assert.ok(log.follower.lastLineMs >= before);
});

Deno.test("LogFollower knows whether the daemon has said that it is ready", async () => {
  await using log = await FollowedLog.open();
  await log.write(line("", { action: "listening" }));
  assert.equal(log.follower.hasSaidReady, false);
  await log.write(line("", { action: "ready" }).slice(0, 40));
  assert.equal(log.follower.hasSaidReady, false);
  await log.write(line("", { action: "ready" }).slice(40));
  assert.equal(log.follower.hasSaidReady, true);
});
