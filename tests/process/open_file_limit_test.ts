import assert from "node:assert/strict";
import { openFileLimit } from "../../src/process/open_file_limit.ts";

Deno.test("openFileLimit() tells how many files this process may have open", () => {
  const limit = openFileLimit();
  const shell = new Deno.Command("sh", { args: ["-c", "ulimit -n"] }).outputSync();
  const told = new TextDecoder().decode(shell.stdout).trim();
  assert.equal(String(limit), told === "unlimited" ? "Infinity" : told);
});
