import assert from "node:assert/strict";
import type { JobEvent, NewJobEvent } from "../../src/contracts/job_event.ts";
import type { NarrationLevel } from "../../src/contracts/narration_record.ts";
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

function said(human: string, level: NarrationLevel = "info"): NewJobEvent {
  return {
    type: "narration",
    actor: "hive",
    action: "worker_spawn",
    human,
    level,
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
