import assert from "node:assert/strict";
import { shellQuote } from "../../src/ssh/shell_quote.ts";
import { FakeHub } from "../helpers/fake_hub.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { TerminalSession } from "../helpers/terminal_session.ts";

// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;

async function homeWith(hub: FakeHub): Promise<RbeeHome> {
  const home = await RbeeHome.create();
  home.env["HF_ENDPOINT"] = hub.url;
  assert.equal((await home.rbee(["up"])).code, 0);
  return home;
}

Deno.test("a hub's names of files reach the terminal without what it would obey", async () => {
  await using hub = await FakeHub.start();
  const { bytes } = hub.file("bees/tiny", "bee-tiny-F16.gguf");
  hub.add("bees/wrong", { "a\nb\x1b[2J\x9b1m-Q4_K_M.gguf": { bytes } });
  hub.add("bees/c1", { "a\x9b1mb-Q4_K_M.gguf": { bytes } });
  await using home = await homeWith(hub);
  for (const name of ["hf:bees/wrong", "hf:bees/c1"]) {
    const { stdout, stderr } = await home.rbee(["model", "download", name]);
    assert.doesNotMatch(stdout + stderr, CONTROLS);
    assert.ok(stderr.includes(name), stderr);
  }
  for (const more of [[], ["--json"]]) {
    assert.doesNotMatch((await home.rbee(["model", "list", ...more])).stdout, CONTROLS);
  }
});

Deno.test("a download draws a bar that fits the terminal, also without colour", async () => {
  await using hub = await FakeHub.start();
  hub.file("bees/tiny", "bee-tiny-F16.gguf").holdAfter = 800_000;
  await using home = await homeWith(hub);
  const line = home.command(["model", "download", "hf:bees/tiny"]).map(shellQuote).join(" ");
  await using terminal = new TerminalSession(
    ["sh", "-c", `stty cols 60; exec ${line}`],
    home.env,
  );
  const shown = await terminal.shows(/\] \[=*> *\] Downloading.*%/);
  assert.doesNotMatch(terminal.raw, /Downloading.*\n/);
  const row = shown.split(/[\r\n]/).at(-1)!;
  assert.ok(row.length < 60, row);
  await terminal.type("\x03");
  assert.equal(await terminal.ended, 130);
});
