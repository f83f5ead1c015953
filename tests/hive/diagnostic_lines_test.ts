import assert from "node:assert/strict";
import { DiagnosticLines } from "../../src/hive/diagnostic_lines.ts";
import { engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import { logEvents } from "../helpers/log_events.ts";
import { loggedLine } from "../helpers/logged_line.ts";

const linesUpTo = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`);

Deno.test("DiagnosticLines passes lines on with their worker and stream", () => {
  const written: string[] = [];
  const lines = new DiagnosticLines("worker-x", (line) => written.push(line));
  lines.push("stderr", ["one", ""]);
  lines.push("stdout", ["\x1b[31mtwo\x1b[0m"]);
  lines.flush();
  assert.deepEqual(written, [
    "worker-x stderr: one",
    "worker-x stderr: ",
    "worker-x stdout: \x1b[31mtwo\x1b[0m",
  ]);
});

Deno.test("DiagnosticLines passes the first of a flood on, and says once how many more there were", () => {
  const written: string[] = [];
  const lines = new DiagnosticLines("worker-x", (line) => written.push(line), { perSecond: 3 });
  lines.push("stdout", linesUpTo(10_000));
  assert.deepEqual(written, [0, 1, 2].map((i) => `worker-x stdout: line ${i}`));
  lines.flush();
  lines.flush();
  assert.deepEqual(written.slice(3), [
    "worker-x: 9997 more lines are in its log alone: rbee worker logs worker-x",
  ]);
});

Deno.test("DiagnosticLines passes 100 lines of one second on by default", () => {
  const written: string[] = [];
  const lines = new DiagnosticLines("worker-x", (line) => written.push(line));
  lines.push("stdout", linesUpTo(101));
  assert.equal(written.length, 100);
});

Deno.test("an engine that floods its output fills its own log, and the operator's with a count", async () => {
  const flood = 8000;
  await using hive = engineHive(["--flood", String(flood)]);
  const { worker_id } = await hive.spawn(FIXTURE);
  const { log } = hive.workers.get(worker_id);
  await loggedLine(log, `flood ${flood - 1} `);
  await hive.workers.stop(worker_id, "the test wants its end");
  const lines = logEvents(log).filter(({ type }) => type === "log");
  assert.ok(lines.length > flood, `${lines.length} lines are in its log`);
  const counts = hive.diagnostics.flatMap((line) =>
    /: (\d+) more lines are in its log alone/.exec(line)?.[1] ?? []
  );
  const passed = hive.diagnostics.length - counts.length;
  const counted = counts.reduce((sum, count) => sum + Number(count), 0);
  // Whatever the second in which each came: every line was passed on or counted.
  assert.equal(passed + counted, lines.length);
  assert.ok(passed < flood / 2, `${passed} lines were passed on`);
});
