import assert from "node:assert/strict";
import { join } from "node:path";
import { installPackages } from "../../scripts/build_packages.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

Deno.test("no staged file is shared with Deno's cache, which other builds change meanwhile", async () => {
  await using folder = await TemporaryFolder.make();
  await installPackages(folder.path);
  let files = 0;
  const shared: string[] = [];
  for await (const path of filesBelow(folder.path)) {
    files += 1;
    if ((await Deno.lstat(path)).nlink !== 1) shared.push(path);
  }
  assert.ok(files > 100, `${files}`);
  assert.deepEqual(shared, []);
});
