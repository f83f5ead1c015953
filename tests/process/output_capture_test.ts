import assert from "node:assert/strict";
import { within } from "../../src/base/delay.ts";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { formatNarrationJson } from "../../src/narration/json_format.ts";
import { formatNarrationText } from "../../src/narration/text_format.ts";
import { isAlive } from "../../src/process/process_identity.ts";
import { type CapturedLine, classify } from "../../src/process/output_capture.ts";
import { CapturedChild, fixture, runCaptured, shell } from "../helpers/captured_child.ts";

const PATIENCE_MS = 20_000;

const RECORD: NarrationRecord = {
  rbee: "narration",
  at: "2026-01-31T12:00:00.123Z",
  actor: "worker",
  action: "model_load",
  human: "Loading",
  level: "info",
};

/** What a line is taken for, short enough to compare. */
function kindOf(captured: CapturedLine): string {
  if (captured.kind === "log") return `${captured.stream}: ${captured.line}`;
  const { actor, action, human } = captured.record;
  return `${actor} ${action}: ${human}`;
}

function classified(text: string, narration: boolean): CapturedLine {
  return classify({ text, truncated: false }, "stdout", narration);
}

const EXPECTED = [
  "worker startup: Starting",
  "stdout: loading tensors",
  "worker model_load: Half of it: 50 %",
  'stdout: {"level":"info","msg":"JSON of another kind"}',
  "worker:gpu-machine model_download_progress: Longer names than their columns",
];

Deno.test("capture parsing: JSON narration of a real child arrives with its actor and action", async () => {
  const { exit, lines } = await runCaptured(fixture("print_narration.ts", "json"), {
    narration: true,
  });
  assert.deepEqual(exit, { code: 0, signal: null });
  assert.deepEqual(lines.map(kindOf).slice(0, 5), EXPECTED);
  const half = lines[2];
  assert.equal(half?.kind, "narration");
  assert.equal(half.record.level, "warn");
  assert.deepEqual(half.record.progress, { current: 50, total: 100, unit: "percent" });
  assert.deepEqual(half.record.fields, { file: "bee-tiny.gguf" });
  const inJob = lines[4];
  assert.equal(inJob?.kind, "narration");
  assert.equal(inJob.record.job_id, "job-of-the-child");
});

Deno.test("capture parsing: padded text narration of a real child arrives with its actor and action", async () => {
  const { lines } = await runCaptured(fixture("print_narration.ts", "text"), { narration: true });
  assert.deepEqual(lines.map(kindOf).slice(0, 5), EXPECTED);
});

Deno.test("capture parsing: painted text narration of a real child is narration all the same", async () => {
  const { lines } = await runCaptured(fixture("print_narration.ts", "text", "color"), {
    narration: true,
  });
  assert.deepEqual(lines.map(kindOf).slice(0, 5), EXPECTED);
});

Deno.test("capture parsing: a sentence that was cut still says how long it was", async () => {
  const { lines } = await runCaptured(fixture("print_narration.ts", "json"), { narration: true });
  const long = lines.at(-1);
  assert.equal(long?.kind, "narration");
  assert.match(long.record.human, /^x+ \[cut: 10000 characters\]$/);
});

Deno.test("capture parsing: with narration false every line of a real child is a log line", async () => {
  for (const format of ["json", "text"]) {
    const { lines } = await runCaptured(fixture("print_narration.ts", format), {
      narration: false,
    });
    assert.equal(lines.length, 6);
    assert.deepEqual(lines.filter((line) => line.kind !== "log"), []);
    assert.match(kindOf(lines[0]!), format === "json" ? /^stdout: \{"rbee"/ : /^stdout: \[worker/);
  }
});

Deno.test("capture parsing: plain lines arrive from both outputs, each in its order", async () => {
  const captured = await runCaptured(shell("echo 1; echo a >&2; echo; echo 3; echo b >&2"), {
    narration: true,
  });
  assert.deepEqual(captured.logged("stdout"), ["1", "", "3"]);
  assert.deepEqual(captured.logged("stderr"), ["a", "b"]);
});

Deno.test("capture parsing: narration on standard error is narration too", async () => {
  const line = formatNarrationText(RECORD);
  const { lines } = await runCaptured(shell(`echo '${line}' >&2`), { narration: true });
  assert.deepEqual(lines.map(kindOf), ["worker model_load: Loading"]);
});

Deno.test("captureOutput() loses nothing of a child that prints much and ends", async () => {
  const captured = await runCaptured(shell(
    "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; printf 'last without end'",
  ));
  const lines = captured.logged();
  assert.equal(lines.length, 20_001);
  assert.deepEqual(lines.slice(0, -1), Array.from({ length: 20_000 }, (_, i) => `line ${i}`));
  assert.equal(lines.at(-1), "last without end");
});

Deno.test("captureOutput() gives lines while the child runs", async () => {
  await using captured = new CapturedChild(shell("echo ready; cat; echo bye"));
  await captured.printed("ready");
  assert.ok(isAlive(captured.child.pid));
  await captured.child.closeInput();
  await captured.ended;
  assert.deepEqual(captured.logged(), ["ready", "bye"]);
});

Deno.test("captureOutput() resolves with the exit of a child that failed", async () => {
  const { exit, lines } = await runCaptured(shell("echo broken >&2; exit 9"));
  assert.deepEqual(exit, { code: 9, signal: null });
  assert.deepEqual(lines.map(kindOf), ["stderr: broken"]);
});

Deno.test("captureOutput() lets go of pipes that a grandchild keeps open", async () => {
  const captured = new CapturedChild(fixture("fork_grandchild.ts"), { lingerMs: 50 });
  try {
    const exit = await within(captured.ended, PATIENCE_MS);
    assert.deepEqual(exit, { code: 0, signal: null });
    // The group is what the grandchild is in, and it is still there.
    assert.equal(isAlive(captured.child.pid), false);
  } finally {
    assert.equal(captured.child.signalGroup("SIGKILL"), true);
  }
});

Deno.test("captureOutput() gives what was printed before it let go, also without a line end", async () => {
  const captured = new CapturedChild(
    shell("echo whole; printf half; sleep 600 & exit 4"),
    { lingerMs: 50 },
  );
  try {
    assert.deepEqual(await captured.ended, { code: 4, signal: null });
    assert.deepEqual(captured.logged(), ["whole", "half"]);
  } finally {
    captured.child.signalGroup("SIGKILL");
  }
});

Deno.test("captureOutput() waits for what a grandchild prints shortly after the child's end", async () => {
  const captured = await runCaptured(
    shell("(while kill -0 $$ 2>/dev/null; do :; done; echo late) & exit 0"),
    { lingerMs: 3_600_000 },
  );
  assert.deepEqual(captured.logged(), ["late"]);
});

Deno.test("captureOutput() makes U+FFFD of invalid UTF-8", async () => {
  const captured = await runCaptured(shell("printf '\\377abc\\303\\n\\342\\202\\254\\n'"));
  assert.deepEqual(captured.logged(), ["\ufffdabc\ufffd", "\u20ac"]);
});

Deno.test("captureOutput() cuts a line at 64 KiB, says so, and goes on", async () => {
  const { lines } = await runCaptured(
    shell("head -c 70000 /dev/zero | tr '\\0' a; echo; echo next"),
  );
  assert.deepEqual(lines, [
    { kind: "log", stream: "stdout", line: "a".repeat(65_536), truncated: true },
    { kind: "log", stream: "stdout", line: "next", truncated: false },
  ]);
});

Deno.test("classify() takes for narration what the formats print", () => {
  const json = classified(formatNarrationJson(RECORD), true);
  assert.deepEqual(json, { kind: "narration", record: RECORD });
  const text = classified(formatNarrationText(RECORD), true);
  assert.equal(text.kind, "narration");
  const { at: _, ...rest } = text.record;
  assert.deepEqual(rest, {
    rbee: "narration",
    actor: "worker",
    action: "model_load",
    human: "Loading",
    level: "info",
  });
});

Deno.test("classify() takes nothing of a foreign program for narration", () => {
  for (const line of [formatNarrationJson(RECORD), formatNarrationText(RECORD)]) {
    assert.deepEqual(classified(line, false), {
      kind: "log",
      stream: "stdout",
      line,
      truncated: false,
    });
  }
});

Deno.test("classify() does not read narration out of a line that was cut", () => {
  for (const text of [formatNarrationJson(RECORD), formatNarrationText(RECORD)]) {
    const captured = classify({ text, truncated: true }, "stderr", true);
    assert.deepEqual(captured, { kind: "log", stream: "stderr", line: text, truncated: true });
  }
});

Deno.test("classify() makes one printable line of a sentence from a child", () => {
  const json = formatNarrationJson({ ...RECORD, human: "a\nb\u001b[2Jc\ud800" });
  const captured = classified(json, true);
  assert.equal(captured.kind, "narration");
  assert.equal(captured.record.human, "a b [2Jc\ufffd");
});

Deno.test("classify() removes from a log line what a terminal would obey, and keeps tabs", () => {
  const cases: [text: string, line: string][] = [
    ["\u001b[31mred\u001b[0m", "red"],
    ["\u001b]0;title\u0007text", "text"],
    ["\u001b[2J\u001b[Hcleared", "cleared"],
    ["bell\u0007 null\u0000 c1\u0085", "bell null c1"],
    ["a\tb", "a\tb"],
    ["caf\u00e9 \u{1f41d}", "caf\u00e9 \u{1f41d}"],
  ];
  for (const [text, line] of cases) {
    assert.deepEqual(classified(text, true), {
      kind: "log",
      stream: "stdout",
      line,
      truncated: false,
    });
  }
});

Deno.test("classify() keeps what a terminal shows of a line that was written over", () => {
  const shown = (text: string) => kindOf(classified(text, false));
  assert.equal(shown("10 %\r50 %\r100 %"), "stdout: 100 %");
  assert.equal(shown("10 %\r100 %\r"), "stdout: 100 %");
  assert.equal(shown("whole\r\r"), "stdout: whole");
  assert.equal(shown("\r"), "stdout: ");
});
