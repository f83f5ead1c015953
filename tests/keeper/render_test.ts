import assert from "node:assert/strict";
import type { JobEvent, NewJobEvent } from "../../src/contracts/job_event.ts";
import type { NarrationLevel, NarrationRecord } from "../../src/contracts/narration_record.ts";
import { Renderer, type RenderOptions } from "../../src/keeper/render.ts";
import { HOSTILE_EVENTS, placed } from "../helpers/sample_events.ts";
import { BlockedWriter } from "../helpers/output_writers.ts";
import { testTerminal } from "../helpers/test_terminal.ts";

type Shown = Promise<{ out: string; err: string }>;

/** Shows `events` on a terminal and gives what stands there. */
function show(
  events: readonly (NewJobEvent | JobEvent)[],
  options: RenderOptions = {},
  terminal = testTerminal(),
): Shown {
  const renderer = new Renderer(terminal, options);
  events.forEach((event, index) =>
    renderer.event(event.type === "gap" ? event : placed(index + 1, event))
  );
  return terminal.shown();
}

function said(
  human: string,
  level: NarrationLevel = "info",
  progress?: NarrationRecord["progress"],
): NewJobEvent {
  return {
    type: "narration",
    actor: "hive",
    action: "worker_spawn",
    human,
    level,
    ...(progress && { progress }),
    formatted: `[hive      ] worker_spawn   : ${human}`,
  };
}

const token = (text: string, i = 0): NewJobEvent => ({ type: "token", text, i });
const DONE: NewJobEvent = { type: "done", result: { hive: "local" } };
const SPAWNING = "[hive      ] worker_spawn   : Spawning";

Deno.test("Renderer puts the answer alone on standard output and narration on standard error", async () => {
  const shown = await show([
    said("Spawning"),
    token("one"),
    token(", two", 1),
    said("Ready"),
    DONE,
  ]);
  assert.deepEqual(shown, {
    out: "one, two",
    err: `${SPAWNING}\n[hive      ] worker_spawn   : Ready\n`,
  });
});

Deno.test("Renderer gives a file the answer and nothing else, without a line end of its own", async () => {
  const { out } = await show([token("one\ntwo"), DONE]);
  assert.equal(out, "one\ntwo");
});

Deno.test("Renderer ends the answer's line on a terminal, once", async () => {
  const terminal = testTerminal({ stdoutIsTerminal: true });
  const renderer = new Renderer(terminal, {});
  renderer.event(placed(1, token("one")));
  renderer.event(placed(2, DONE));
  renderer.endAnswer();
  assert.deepEqual(await terminal.shown(), { out: "one\n", err: "" });
});

for (
  const [name, texts, expected] of [
    ["ends with a line end", ["one\n"], "one\n"],
    ["is empty", [], ""],
    ["has an empty piece at its end", ["one", ""], "one\n"],
    ["has an empty piece after a line end", ["one\n", ""], "one\n"],
  ] as const
) {
  Deno.test(`Renderer adds no second line end on a terminal where the answer ${name}`, async () => {
    const events = [...texts.map((text, i) => token(text, i)), DONE];
    const { out } = await show(events, {}, testTerminal({ stdoutIsTerminal: true }));
    assert.equal(out, expected);
  });
}

Deno.test("Renderer breaks the line before narration where both go to one screen", async () => {
  const events = [token("one"), said("Spawning"), token("two", 1), DONE];
  const { out } = await show(events, {}, testTerminal({ oneScreen: true }));
  assert.equal(out, `one\n${SPAWNING}\ntwo\n`);
});

Deno.test("Renderer breaks no line before narration that begins one", async () => {
  const events = [said("Spawning"), token("one\n"), said("Spawning"), said("Spawning"), DONE];
  const { out } = await show(events, {}, testTerminal({ oneScreen: true }));
  assert.equal(out, `${SPAWNING}\none\n${SPAWNING}\n${SPAWNING}\n`);
});

Deno.test("Renderer breaks no line before narration that goes to another place", async () => {
  const events = [token("one"), said("Spawning"), token("two", 1), DONE];
  const shown = await show(events, {}, testTerminal({ stdoutIsTerminal: true }));
  assert.deepEqual(shown, { out: "onetwo\n", err: `${SPAWNING}\n` });
});

Deno.test("Renderer ends the answer's line on the shared screen where standard output is no terminal", async () => {
  const terminal = testTerminal({ oneScreen: true, stdoutIsTerminal: false });
  const { out } = await show([token("one"), DONE], {}, terminal);
  assert.equal(out, "one\n");
});

Deno.test("Renderer hides narration and captured output when it is to be quiet", async () => {
  const line: NewJobEvent = { type: "log", actor: "worker", stream: "stderr", line: "x" };
  const shown = await show([said("Spawning"), line, said("Bad", "error"), token("one"), DONE], {
    quiet: true,
  });
  assert.deepEqual(shown, { out: "one", err: "" });
});

Deno.test("Renderer shows an error however quiet it is to be", async () => {
  const terminal = testTerminal();
  new Renderer(terminal, { quiet: true }).error("Cannot find it");
  assert.deepEqual(await terminal.shown(), { out: "", err: "Error: Cannot find it\n" });
});

Deno.test("Renderer shows debug narration only when it is to be verbose", async () => {
  const events = [said("Detail", "debug"), said("Warning", "warn")];
  assert.equal((await show(events)).err, "[hive      ] worker_spawn   : Warning\n");
  assert.equal(
    (await show(events, { verbose: true })).err,
    "[hive      ] worker_spawn   : Detail\n[hive      ] worker_spawn   : Warning\n",
  );
});

/** A step of a download, as fine as only a line that is written over is worth it. */
function step(current: number, level: NarrationLevel = "debug"): NewJobEvent {
  return said(`${current} of 3`, level, { current, total: 3, unit: "bytes" });
}

for (const color of [true, false]) {
  Deno.test(`Renderer draws what is under way in a row that is written over, and lets the last stay, ${color ? "with" : "without"} colour`, async () => {
    const terminal = testTerminal({ oneScreen: true, color });
    const actor = color ? "\x1b[33m[hive      ]\x1b[0m" : "[hive      ]";
    const head = `${actor} worker_spawn   : `;
    const { err } = await show([step(1), step(2), step(3, "info"), said("Stored")], {}, terminal);
    assert.equal(
      err,
      `${actor} [===>      ] 1 of 3\r\x1b[K${actor} [======>   ] 2 of 3\r\x1b[K` +
        `${head}3 of 3\n${head}Stored\n`,
    );
  });
}

Deno.test("Renderer asks anew for each row how wide the terminal is", async () => {
  let columns = 140;
  const terminal = testTerminal({ oneScreen: true, columns: () => columns });
  const renderer = new Renderer(terminal, {});
  const what = `Downloading ${"x".repeat(60)}: `;
  const rows: string[] = [];
  for (const width of [140, 80, 50]) {
    columns = width;
    renderer.event(placed(1, { ...step(1), human: `${what}33 %` } as NewJobEvent));
    const { err } = await terminal.shown();
    rows.push(err.split("\r\x1b[K").at(-1)!);
  }
  assert.deepEqual(rows.map((row) => row.length), [131, 79, 49]);
  for (const row of rows) assert.match(row, /\[=+> +\] Downloading x+…?: 33 %$/);
});

Deno.test("Renderer clears a row that is under way before the answer and at its end", async () => {
  const terminal = testTerminal({ oneScreen: true });
  const row = "[hive      ] [===>      ] 1 of 3";
  const { out } = await show([step(1), token("one"), token(" two", 1), DONE], {}, terminal);
  assert.equal(out, `${row}\r\x1b[Kone two\n`);
  const other = testTerminal({ oneScreen: true });
  assert.equal((await show([step(1), DONE], {}, other)).out, `${row}\r\x1b[K`);
});

Deno.test("Renderer shows no debug step that is the last, nor one of what nobody can count", async () => {
  const terminal = testTerminal({ oneScreen: true, color: true });
  const uncounted = said("some", "debug", { current: 5, total: 0, unit: "bytes" });
  assert.equal((await show([step(3), uncounted, said("fine", "debug")], {}, terminal)).err, "");
});

for (
  const [where, options] of [
    ["a file", {}],
    ["a terminal that cannot move its cursor", { oneScreen: true, isDumb: true, color: true }],
    ["a file that is to have colour", { color: true }],
  ] as const
) {
  Deno.test(`Renderer leaves debug steps out of ${where}, and shows the others a line each`, async () => {
    const { err } = await show(
      [step(1), step(2, "info"), step(3, "info")],
      {},
      testTerminal(options),
    );
    assert.deepEqual(err.match(/\d of 3\n/g), ["2 of 3\n", "3 of 3\n"]);
    assert.doesNotMatch(err, /1 of 3|\r/);
  });
}

Deno.test("Renderer hands debug steps on where another rbee reads its narration", async () => {
  const terminal = { ...testTerminal(), narration: "json" as const };
  const { err } = await show([step(1), said("fine", "debug")], {}, terminal);
  const [line, ...more] = err.trimEnd().split("\n").map((each) => JSON.parse(each));
  assert.deepEqual([line.level, line.progress], ["debug", { current: 1, total: 3, unit: "bytes" }]);
  assert.deepEqual(more, []);
});

Deno.test("Renderer that is to be quiet shows no step", async () => {
  const terminal = testTerminal({ oneScreen: true, color: true });
  assert.equal((await show([step(1), step(2, "info")], { quiet: true }, terminal)).err, "");
});

Deno.test("Renderer with json prints one event a line, whatever it holds, and nothing else", async () => {
  const events = HOSTILE_EVENTS.map((event, index) => placed(index + 1, event));
  const { out, err } = await show([...events, { type: "gap", from: 1, to: 2 }], { json: true });
  const lines = out.split("\n");
  assert.equal(lines.pop(), "");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    JSON.parse(JSON.stringify([...events, { type: "gap", from: 1, to: 2 }])),
  );
  assert.equal(err, "");
});

Deno.test("Renderer with json still says the keeper's own narration on standard error", async () => {
  const terminal = testTerminal();
  const renderer = new Renderer(terminal, { json: true });
  renderer.write({ actor: "keeper", action: "queen_start", human: "Starting", level: "info" });
  renderer.event(placed(1, token("one")));
  const { out, err } = await terminal.shown();
  assert.equal(err, "[keeper    ] queen_start    : Starting\n");
  assert.equal(JSON.parse(out).text, "one");
});

Deno.test("Renderer shows captured lines as narration of the stream they came from", async () => {
  const line = { type: "log", actor: "worker", line: "loading tensors" } as const;
  const { out, err } = await show([
    { ...line, stream: "stdout" },
    { ...line, stream: "stderr", truncated: true },
  ]);
  assert.equal(out, "");
  assert.equal(
    err,
    "[worker    ] stdout         : loading tensors\n" +
      "[worker    ] stderr         : loading tensors [cut]\n",
  );
});

Deno.test("Renderer says which events are gone", async () => {
  const { out, err } = await show([{ type: "gap", from: 3, to: 9 }]);
  assert.deepEqual([out, err], ["", "Error: Events 3 to 9 are gone\n"]);
});

Deno.test("Renderer shows results as JSON, indented for a person and in one line for a program", async () => {
  for (
    const [options, expected] of [
      [{}, '{\n  "a": [\n    1\n  ]\n}\n'],
      [{ json: true }, '{"a":[1]}\n'],
    ] as const
  ) {
    const terminal = testTerminal();
    new Renderer(terminal, options).result({ a: [1] });
    assert.deepEqual(await terminal.shown(), { out: expected, err: "" });
  }
  const data: NewJobEvent = { type: "data", name: "facts", value: [1] };
  assert.equal((await show([data])).out, "[\n  1\n]\n");
});

Deno.test("Renderer shows lines that are the result on standard output", async () => {
  const terminal = testTerminal();
  new Renderer(terminal, { quiet: true }).lines(["one", "two"]);
  assert.deepEqual(await terminal.shown(), { out: "one\ntwo\n", err: "" });
});

for (
  const [name, options, expected] of [
    ["in a sentence for a person", {}, { out: "", err: "Up\n" }],
    ["not at all when it is to be quiet", { quiet: true }, { out: "", err: "" }],
    ["as JSON for a program", { json: true }, { out: '{"queen":true}\n', err: "" }],
    ["as JSON for a quiet program", { json: true, quiet: true }, {
      out: '{"queen":true}\n',
      err: "",
    }],
  ] as const
) {
  Deno.test(`Renderer tells how a command went ${name}`, async () => {
    const terminal = testTerminal();
    new Renderer(terminal, options).summary({ queen: true }, "Up");
    assert.deepEqual(await terminal.shown(), expected);
  });
}

Deno.test("Renderer gives narration and errors colour where the terminal has it, and the answer none", async () => {
  const terminal = testTerminal({ color: true });
  const renderer = new Renderer(terminal, {});
  renderer.event(placed(1, said("Spawning")));
  renderer.event(placed(2, token("one")));
  renderer.error("Cannot find it");
  const { out, err } = await terminal.shown();
  assert.equal(out, "one");
  assert.equal(
    err,
    "\x1b[33m[hive      ]\x1b[0m worker_spawn   : Spawning\n\x1b[31mError: Cannot find it\x1b[0m\n",
  );
});

const HOSTILE = "a\r\nb\x1b[2J\x07\x9b1mc\x7f";
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;

Deno.test("Renderer prints no control character of what others said, and each piece in one line", async () => {
  const terminal = testTerminal();
  const renderer = new Renderer(terminal, {});
  renderer.error(HOSTILE);
  renderer.summary({}, HOSTILE);
  renderer.event(placed(1, said(HOSTILE)));
  renderer.event(placed(2, { type: "log", actor: "worker", stream: "stderr", line: HOSTILE }));
  renderer.event(placed(3, { type: "data", name: "x", value: HOSTILE }));
  renderer.lines([HOSTILE, HOSTILE]);
  renderer.result({ [HOSTILE]: HOSTILE });
  const { out, err } = await terminal.shown();
  assert.doesNotMatch(out + err, CONTROLS);
  assert.match(err, /^Error: a b.*c\na b.*c\n\[hive.* a b.*c\n\[worker.*: a b.*c\n$/);
  assert.match(out, /^".*"\na bc\na bc\n\{\n.*\n\}\n$/);
});

Deno.test("Renderer with json prints no control character, and the same values", async () => {
  const terminal = testTerminal();
  const renderer = new Renderer(terminal, { json: true });
  renderer.result({ [HOSTILE]: HOSTILE });
  renderer.event(placed(1, token(HOSTILE)));
  const { out } = await terminal.shown();
  assert.doesNotMatch(out, CONTROLS);
  const [result, event] = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([result, event.text], [{ [HOSTILE]: HOSTILE }, HOSTILE]);
});

Deno.test("Renderer prints no control character of an answer on a terminal, and all of it to a file", async () => {
  const text = "one\n\ttwo\x1b[2J\x9b1m";
  const events = [token(text), token("\x1b", 1), token("[31mred", 2)];
  const onTerminal = await show(events, {}, testTerminal({ stdoutIsTerminal: true }));
  assert.equal(onTerminal.out, "one\n\ttwo[31mred");
  assert.equal((await show(events)).out, `${text}\x1b[31mred`);
});

Deno.test("Renderer.flush() resolves when all is written and no sooner", async () => {
  const stdout = new BlockedWriter();
  const terminal = { ...testTerminal(), stdout };
  const renderer = new Renderer(terminal, {});
  renderer.event(placed(1, token("one")));
  let flushed = false;
  const flushing = renderer.flush({ signal: new AbortController().signal }).then(() =>
    flushed = true
  );
  await Promise.resolve();
  assert.equal(flushed, false);
  stdout.open();
  await flushing;
  assert.equal(stdout.text, "one");
});
