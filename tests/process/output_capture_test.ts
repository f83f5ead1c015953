import assert from "node:assert/strict";
import { within } from "../../src/base/delay.ts";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { formatNarrationJson } from "../../src/narration/json_format.ts";
import { formatNarrationText } from "../../src/narration/text_format.ts";
import { isAlive } from "../../src/process/process_identity.ts";
import { spawnChild } from "../../src/process/child.ts";
import { type Captured, captureOutput } from "../../src/process/output_capture.ts";
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

/** What was captured, line by line, each short enough to compare. */
function kinds(items: readonly Captured[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === "log") return item.lines.map((line) => `${item.stream}: ${line}`);
    const { actor, action, human } = item.record;
    return [`${actor} ${action}: ${human}`];
  });
}

/** The narration among it. */
function narrated(items: readonly Captured[]): NarrationRecord[] {
  return items.flatMap((item) => item.kind === "narration" ? [item.record] : []);
}

const EXPECTED = [
  "worker startup: Starting",
  "stdout: loading tensors",
  "worker model_load: Half of it: 50 %",
  'stdout: {"level":"info","msg":"JSON of another kind"}',
  "worker:gpu-machine model_download_progress: Longer names than their columns",
];

Deno.test("capture parsing: JSON narration of a real child arrives with its actor and action", async () => {
  const { exit, items } = await runCaptured(fixture("print_narration.ts", "json"), {
    narration: true,
  });
  assert.deepEqual(exit, { code: 0, signal: null });
  assert.deepEqual(kinds(items).slice(0, 5), EXPECTED);
  const [, half, inJob] = narrated(items);
  assert.equal(half?.level, "warn");
  assert.deepEqual(half.progress, { current: 50, total: 100, unit: "percent" });
  assert.deepEqual(half.fields, { file: "bee-tiny.gguf" });
  assert.equal(inJob?.job_id, "job-of-the-child");
});

Deno.test("capture parsing: padded text narration of a real child arrives with its actor and action", async () => {
  const { items } = await runCaptured(fixture("print_narration.ts", "text"), { narration: true });
  assert.deepEqual(kinds(items).slice(0, 5), EXPECTED);
});

Deno.test("capture parsing: painted text narration of a real child is narration all the same", async () => {
  const { items } = await runCaptured(fixture("print_narration.ts", "text", "color"), {
    narration: true,
  });
  assert.deepEqual(kinds(items).slice(0, 5), EXPECTED);
});

Deno.test("capture parsing: a sentence that was cut still says how long it was", async () => {
  const { items } = await runCaptured(fixture("print_narration.ts", "json"), { narration: true });
  assert.match(narrated(items).at(-1)!.human, /^x+ \[cut: 10000 characters\]$/);
});

Deno.test("capture parsing: with narration false every line of a real child is a log line", async () => {
  for (const format of ["json", "text"]) {
    const captured = await runCaptured(fixture("print_narration.ts", format), {
      narration: false,
    });
    assert.equal(captured.logged().length, 6);
    assert.deepEqual(narrated(captured.items), []);
    assert.match(captured.logged()[0]!, format === "json" ? /^\{"rbee"/ : /^\[worker/);
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
  const { items } = await runCaptured(shell(`echo '${line}' >&2`), { narration: true });
  assert.deepEqual(kinds(items), ["worker model_load: Loading"]);
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
  const { exit, items } = await runCaptured(shell("echo broken >&2; exit 9"));
  assert.deepEqual(exit, { code: 9, signal: null });
  assert.deepEqual(kinds(items), ["stderr: broken"]);
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

Deno.test("captureOutput() reads a child that has ended before the first read", async () => {
  const child = spawnChild({ ...shell("echo gone; printf half >&2; exit 3"), mode: "captured" });
  await child.exited;
  const items: Captured[] = [];
  const exit = await captureOutput(child, {
    narration: false,
    onCaptured: (captured) => void items.push(captured),
  });
  assert.deepEqual(exit, { code: 3, signal: null });
  assert.deepEqual(kinds(items).sort(), ["stderr: half", "stdout: gone"]);
});

Deno.test("captureOutput() goes on with a child that has closed one of its outputs", async () => {
  await using captured = new CapturedChild(
    shell("echo out; exec >&-; echo closed >&2; cat >/dev/null; echo end >&2"),
  );
  await captured.printed("closed");
  assert.ok(isAlive(captured.child.pid));
  await captured.child.closeInput();
  await captured.ended;
  assert.deepEqual(captured.logged(), ["out"]);
  assert.deepEqual(captured.logged("stderr"), ["closed", "end"]);
});

Deno.test("captureOutput() gives the lines that are read together together", async () => {
  const { items } = await runCaptured(shell("printf 'one\\ntwo\\nthree\\n'"));
  assert.deepEqual(items, [
    { kind: "log", stream: "stdout", lines: ["one", "two", "three"], truncated: false },
  ]);
});

Deno.test("captureOutput() takes a line feed with or without a return before it for a line end", async () => {
  const captured = await runCaptured(shell("printf 'one\\r\\n\\r\\ntwo\\n\\nend\\r\\n'"));
  assert.deepEqual(captured.logged(), ["one", "", "two", "", "end"]);
});

Deno.test("captureOutput() makes U+FFFD of invalid UTF-8", async () => {
  const captured = await runCaptured(shell("printf '\\377abc\\303\\n\\342\\202\\254\\n'"));
  assert.deepEqual(captured.logged(), ["\ufffdabc\ufffd", "\u20ac"]);
});

Deno.test("captureOutput() keeps a character whole that is written in two pieces", async () => {
  await using captured = new CapturedChild(
    shell("printf 'caf\\303'; echo half >&2; cat; printf '\\251\\n'"),
  );
  await captured.printed("half");
  await captured.child.closeInput();
  await captured.ended;
  assert.deepEqual(captured.logged(), ["caf\u00e9"]);
});

Deno.test("captureOutput() removes what a terminal would obey, and keeps colours beside it when told to", async () => {
  const script = "printf '\\033[31mred\\033[0m\\ttab\\n\\033]0;title\\007a\\000b\\033[2J\\n'";
  for (const color of [false, true]) {
    const captured = await runCaptured(shell(script), { color });
    assert.deepEqual(captured.logged(), ["red\ttab", "ab"]);
    const painted = color ? ["\u001b[31mred\u001b[0m\ttab", "ab"] : ["red\ttab", "ab"];
    assert.deepEqual(captured.painted(), painted);
  }
});

Deno.test("captureOutput() takes JSON that does not fit the schema for a line", async () => {
  const lines = [
    '{"rbee":"narration"}',
    formatNarrationJson({ ...RECORD, action: "Not An Action" }),
    formatNarrationJson(RECORD).slice(0, -1),
  ];
  const script = lines.map((line) => `echo '${line}'`).join(";");
  const captured = await runCaptured(shell(script), { narration: true });
  assert.deepEqual(captured.logged(), lines);
});
