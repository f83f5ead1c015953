import assert from "node:assert/strict";
import { newToken, readTokenFile, writeTokenFile } from "../../src/config/token_file.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("newToken() is 43 letters, digits, dashes and underscores, each time others", () => {
  const tokens = Array.from({ length: 100 }, newToken);
  for (const token of tokens) assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(new Set(tokens).size, 100);
});

Deno.test("writeTokenFile() makes a file that its owner alone can read, with its folder", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("hives/gpu.token");
  await writeTokenFile(path, "first");
  const token = newToken();
  await writeTokenFile(path, token);
  assert.equal(await readTokenFile(path), token);
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const names = (await Array.fromAsync(Deno.readDir(folder.join("hives")))).map(({ name }) => name);
  assert.deepEqual(names, ["gpu.token"]);
});

Deno.test("readTokenFile() finds none where there is no file", async () => {
  await using folder = await TemporaryFolder.make();
  assert.equal(await readTokenFile(folder.join("hive.token")), undefined);
});

for (const text of ["", "\n", "two words", "a\nb", "käse", "x".repeat(4097)]) {
  Deno.test(`readTokenFile() refuses ${JSON.stringify(text.slice(0, 20))}, which is no token`, async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.join("hive.token");
    await Deno.writeTextFile(path, text);
    await assert.rejects(readTokenFile(path), {
      code: "bad_token",
      message: `${path} holds no token; remove it, or write one line into it`,
    });
    await assert.rejects(writeTokenFile(path, text), { code: "bad_token" });
  });
}

Deno.test("readTokenFile() says that it cannot read what is there", async () => {
  await using folder = await TemporaryFolder.make();
  await assert.rejects(readTokenFile(folder.path), {
    code: "bad_token",
    message: /^Cannot read the token in /,
  });
});
