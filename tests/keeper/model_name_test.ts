import assert from "node:assert/strict";
import { join } from "node:path";
import { modelName } from "../../src/keeper/model_name.ts";

for (
  const name of [
    "bee-tiny",
    "/models/bee.gguf",
    "hf:org/repo",
    "hf:org/repo:model.gguf",
    "https://host/model.gguf",
    "org/repo",
  ]
) {
  Deno.test(`modelName() leaves ${name} as it is`, () => {
    assert.equal(modelName(name), name);
  });
}

for (const name of ["./bee.gguf", "../models/bee", "bee.gguf", "models/bee.GGUF"]) {
  Deno.test(`modelName() makes ${name} into a path from the person's own folder`, () => {
    assert.equal(modelName(name), join(Deno.cwd(), name));
  });
}
