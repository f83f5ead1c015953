import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { paintNarration, wantsColor } from "../../src/narration/color.ts";
import { formatNarrationText } from "../../src/narration/text_format.ts";
import { printedEnvironment } from "../helpers/printed_environment.ts";

const withEnv = (isTerminal: boolean, env: Record<string, string>) =>
  wantsColor(isTerminal, (name) => env[name]);

Deno.test("wantsColor() follows the terminal when nothing is set", () => {
  assert.equal(withEnv(true, {}), true);
  assert.equal(withEnv(false, {}), false);
});

Deno.test("wantsColor() lets NO_COLOR win over everything, unless it is empty", () => {
  assert.equal(withEnv(true, { NO_COLOR: "1" }), false);
  assert.equal(withEnv(true, { NO_COLOR: "0" }), false);
  assert.equal(withEnv(true, { NO_COLOR: "1", FORCE_COLOR: "1" }), false);
  assert.equal(withEnv(true, { NO_COLOR: "" }), true);
  assert.equal(withEnv(false, { NO_COLOR: "", FORCE_COLOR: "1" }), true);
});

Deno.test("wantsColor() lets FORCE_COLOR decide off a terminal and on a dumb one", () => {
  assert.equal(withEnv(false, { FORCE_COLOR: "1" }), true);
  assert.equal(withEnv(false, { FORCE_COLOR: "3", TERM: "dumb" }), true);
  assert.equal(withEnv(true, { FORCE_COLOR: "0" }), false);
  assert.equal(withEnv(false, { FORCE_COLOR: "" }), false);
  assert.equal(withEnv(true, { FORCE_COLOR: "" }), true);
});

Deno.test("wantsColor() gives a dumb terminal none", () => {
  assert.equal(withEnv(true, { TERM: "dumb" }), false);
  assert.equal(withEnv(true, { TERM: "xterm-256color" }), true);
});

Deno.test("wantsColor() reads the process's environment by default", async () => {
  assert.equal((await printedEnvironment({ FORCE_COLOR: "1" })).color, true);
  assert.equal((await printedEnvironment({ FORCE_COLOR: "1", NO_COLOR: "1" })).color, false);
});

Deno.test("paintNarration() without colour is the padded text", () => {
  const record = { actor: "hive", action: "x", human: "m", level: "error" } as const;
  assert.equal(paintNarration(record, { color: false }), formatNarrationText(record));
});

Deno.test("paintNarration() adds colour alone, and ends it", () => {
  for (const actor of ["queen", "hive", "worker", "keeper", "hive:gpu-1"]) {
    for (const level of ["debug", "info", "warn", "error"] as const) {
      const record = { actor, action: "x", human: "[m]: n", level };
      const painted = paintNarration(record, { color: true });
      assert.equal(stripVTControlCharacters(painted), formatNarrationText(record));
      assert.notEqual(painted, formatNarrationText(record));
      const lastEscape = painted.lastIndexOf("\x1b[");
      assert.equal(painted.slice(lastEscape, lastEscape + 4), "\x1b[0m");
    }
  }
});

Deno.test("paintNarration() paints a hive of another machine like a hive", () => {
  const start = (actor: string) =>
    paintNarration({ actor, action: "x", human: "m", level: "info" }, { color: true }).slice(0, 5);
  assert.equal(start("hive:gpu-1"), start("hive"));
  assert.notEqual(start("worker"), start("hive"));
});

Deno.test("paintNarration() tells an error from a warning and from information", () => {
  const painted = (["debug", "info", "warn", "error"] as const).map((level) =>
    paintNarration({ actor: "hive", action: "x", human: "m", level }, { color: true })
  );
  assert.equal(new Set(painted).size, 4);
});
