import assert from "node:assert/strict";
import { checkModelName } from "../../src/hive/model_name.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("checkModelName() takes the demo model and the path of a file", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("model.gguf");
  await Deno.writeTextFile(path, "anything");
  await checkModelName("bee-tiny");
  await checkModelName(path);
});

for (
  const model of [
    "llama",
    "bee-tiny.gguf",
    "hf:org/repo",
    "hf:org/repo:Q4_K_M",
    "https://host/x.gguf",
  ]
) {
  Deno.test(`checkModelName() refuses ${model}, which is no file here`, async () => {
    await assert.rejects(checkModelName(model), {
      name: "RbeeError",
      code: "model_not_found",
      message: new RegExp(`^Cannot find the model "${model}"; name bee-tiny, hf:org/repo, `),
    });
  });
}

for (const model of ["./model.gguf", "models/model.gguf", "../model.gguf"]) {
  Deno.test(`checkModelName() refuses ${model}, which depends on a folder`, async () => {
    await assert.rejects(checkModelName(model), {
      code: "model_not_found",
      message:
        `The path "${model}" is not absolute, and the hive does not know your folder; give the whole path`,
    });
  });
}

Deno.test("checkModelName() names the file that is not there, a folder as well", async () => {
  await using folder = await TemporaryFolder.make();
  for (const path of [folder.join("missing.gguf"), folder.path]) {
    await assert.rejects(checkModelName(path), {
      code: "model_not_found",
      message:
        `Cannot find the model file "${path}" on the hive's machine; check the path, or try bee-tiny`,
    });
  }
});
