import assert from "node:assert/strict";
import { Renderer } from "../../src/keeper/render.ts";
import { testTerminal } from "../helpers/test_terminal.ts";

const SAID = {
  actor: "hive:far",
  action: "x",
  human: "Asking https://luna:pollen@host/",
  level: "info",
} as const;

Deno.test("Renderer takes secrets out of what another rbee narrates, prints and fails with", async () => {
  const terminal = testTerminal({ color: true });
  const renderer = new Renderer(terminal, {});
  renderer.write(SAID);
  renderer.event({
    type: "log",
    seq: 1,
    at: "2026-01-31T12:00:00.123Z",
    actor: "worker",
    stream: "stderr",
    line: "HF_TOKEN=pollen",
  });
  renderer.error("401 for Authorization: Bearer pollen");
  const { err } = await terminal.shown();
  assert.ok(!err.includes("pollen"), err);
  assert.equal(err.split("[redacted]").length, 4, err);
});

Deno.test("Renderer leaves the narration that another rbee reads whole JSON without secrets", async () => {
  const terminal = { ...testTerminal(), narration: "json" as const };
  new Renderer(terminal, {}).write({
    ...SAID,
    fields: { authorization: 12_345_678_901, token: "a" },
  });
  const { human, fields } = JSON.parse((await terminal.shown()).err);
  assert.equal(human, "Asking https://luna:[redacted]@host/");
  assert.deepEqual(fields, { authorization: 12_345_678_901, token: "[redacted]" });
});

Deno.test("Renderer leaves an answer as it is, whatever it holds", async () => {
  const terminal = testTerminal();
  const renderer = new Renderer(terminal, {});
  const at = "2026-01-31T12:00:00.123Z";
  renderer.event({ type: "token", seq: 1, at, i: 0, text: "password=pollen" });
  assert.equal((await terminal.shown()).out, "password=pollen");
});
