import assert from "node:assert/strict";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("findModelFile() finds the demo model that comes with rbee", async () => {
  const { name, path, bytes } = await findModelFile(DEMO_MODEL);
  assert.equal(name, "bee-tiny");
  assert.equal((await Deno.stat(path)).size, bytes);
});

Deno.test("findModelFile() names a file after its own name", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("Some.Model-Q4_K_M.GGUF");
  await Deno.writeTextFile(path, "GGUF and more");
  assert.deepEqual(await findModelFile(path), { name: "Some.Model-Q4_K_M", path, bytes: 13 });
});

Deno.test("findModelFile() names the file that is not there", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("missing.gguf");
  await assert.rejects(findModelFile(path), {
    name: "RbeeError",
    code: "model_not_found",
    message: `Cannot find the model file "${path}"; check the path, or try bee-tiny`,
  });
});

Deno.test("findModelFile() refuses a path that runs through a file", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("file"), "GGUF");
  await assert.rejects(findModelFile(folder.join("file", "model.gguf")), {
    name: "RbeeError",
    code: "model_not_found",
  });
});

Deno.test("findModelFile() refuses a folder", async () => {
  await using folder = await TemporaryFolder.make();
  await assert.rejects(findModelFile(folder.path), {
    name: "RbeeError",
    code: "not_gguf",
    message: `"${folder.path}" is not a file; name a GGUF file`,
  });
});

for (const content of ["", "GGU", "gguf", "<!DOCTYPE html>", "\u0000GGUF", "PK\u0003\u0004"]) {
  Deno.test(`findModelFile() refuses a file that begins with ${JSON.stringify(content)}`, async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.join("model.gguf");
    await Deno.writeTextFile(path, content);
    await assert.rejects(findModelFile(path), {
      name: "RbeeError",
      code: "not_gguf",
      message:
        `"${path}" is not a GGUF file (it does not begin with GGUF); download the model again, or convert it`,
    });
  });
}
