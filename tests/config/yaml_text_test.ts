import assert from "node:assert/strict";
import { readYamlText } from "../../src/config/yaml_text.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("readYamlText() reads UTF-8, and says when there is no file", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("rbee.yaml");
  assert.equal(await readYamlText(path), undefined);
  await Deno.writeTextFile(path, "# h\u00f6ney\nqueen:\n");
  assert.equal(await readYamlText(path), "# h\u00f6ney\nqueen:\n");
});

Deno.test("readYamlText() names the line of bytes that are no UTF-8", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("rbee.yaml");
  for (const [bytes, line] of [[[0x61, 0x0a, 0x23, 0xe9, 0x0a, 0x62], 2], [[0xff], 1]] as const) {
    await Deno.writeFile(path, new Uint8Array(bytes));
    await assert.rejects(readYamlText(path), {
      code: "bad_config",
      message:
        `Cannot read ${path}: line ${line} is no text in UTF-8; save the file as UTF-8, then rbee config check`,
    });
  }
});
