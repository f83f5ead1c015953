import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What `deno task audit` runs, as deno.json names it. */
async function auditedPaths(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const command: string = tasks.audit.command;
  return command.split(" ").filter((word) => word.startsWith("tests/"));
}

Deno.test("deno task audit names tests that are there, each once", async () => {
  const paths = await auditedPaths();
  assert.ok(paths.length > 5, paths.join(" "));
  assert.equal(new Set(paths).size, paths.length);
  for (const path of paths) await Deno.stat(join(ROOT, path));
});

Deno.test("deno task audit has all of tests/attacks, and the tests with links in the model store", async () => {
  const paths = await auditedPaths();
  for (const path of ["attacks", "models/stored_files_test.ts", "hive/model_store_test.ts"]) {
    assert.ok(paths.includes(`tests/${path}`), path);
  }
  for await (const { name } of Deno.readDir(join(ROOT, "tests/attacks"))) {
    assert.match(name, /_test\.ts$/, "deno test passes it over");
  }
});
