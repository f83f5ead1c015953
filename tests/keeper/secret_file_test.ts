import assert from "node:assert/strict";
import { makeSecretFile } from "../../src/keeper/secret_file.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("makeSecretFile() makes a file that its owner alone can read, also where an empty one is open", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("a.token");
  await Deno.writeTextFile(path, "", { mode: 0o644 });
  using before = await Deno.open(path);
  {
    using file = makeSecretFile(path);
    file.write("honey");
  }
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert.equal(await Deno.readTextFile(path), "honey\n");
  assert.equal(await before.read(new Uint8Array(9)), null);
});

Deno.test("makeSecretFile() leaves no file behind where no secret came", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("a.token");
  makeSecretFile(path)[Symbol.dispose]();
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});

Deno.test("makeSecretFile() touches nothing that is there, and follows no link", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("full"), "wax");
  await Deno.writeTextFile(folder.join("empty"), "");
  await Deno.symlink("empty", folder.join("link"));
  await Deno.symlink("nowhere", folder.join("lost"));
  for (const path of ["full", "link", "lost", ""].map((name) => folder.join(name))) {
    assert.throws(() => makeSecretFile(path), { code: "usage", message: /^There is .* remove it/ });
  }
  assert.equal(await Deno.readTextFile(folder.join("full")), "wax");
  assert.throws(() => makeSecretFile(folder.join("none", "x")), {
    code: "usage",
    message: /^Cannot write .*name a file in a folder/,
  });
});
