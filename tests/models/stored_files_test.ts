import assert from "node:assert/strict";
import { parseModelRef } from "../../src/models/model_ref.ts";
import {
  isStorePath,
  listStoredFiles,
  nameOfPath,
  urlPath,
} from "../../src/models/stored_files.ts";
import { diskError } from "../../src/models/disk_space.ts";
import { PartFile } from "../../src/models/part_file.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

for (
  const [what, name, isOne] of [
    ["percent, question mark and hash", "a%2fb?x#y-Q4_K_M.gguf", true],
    ["letters of any language and pictures", "büné 🐝 $(id)'\"-Q4_K_M.gguf", true],
    ["240 bytes", `${"é".repeat(117)}x.gguf`, true],
    ["241 bytes", `${"é".repeat(118)}.gguf`, false],
    ["an escape", "a\x1b[2J.gguf", false],
    ["a line end", "a\nb.gguf", false],
    ["a control character of eight bits", "b\u009b31m.gguf", false],
    ["a line end of Unicode", "b\u2028c.gguf", false],
    ["a change of direction", "a\u202efugg.gguf", false],
    ["half of a character", "a\ud800.gguf", false],
    ["a folder as what has begun to come", "a.gguf.part/b-Q8_0.gguf", false],
    ["a folder as a journal", "a.gguf.part.json/b-Q8_0.gguf", false],
    ["a folder above", "../b.gguf", false],
  ] as const
) {
  Deno.test(`isStorePath() says ${isOne} of a name with ${what}`, () => {
    assert.equal(isStorePath(`hf/bees/x/${name}`), isOne);
  });
  if (isOne) {
    Deno.test(`parseModelRef() reads the name of a stored file with ${what}`, () => {
      const model = nameOfPath(`hf/bees/x/${name}`)!;
      assert.deepEqual(parseModelRef(model), { kind: "hub", repo: "bees/x", pick: { file: name } });
    });
  }
}

Deno.test("parseModelRef() refuses a name that would do something to a terminal, and shows none of it", () => {
  assert.throws(() => parseModelRef("hf:bees/x:a\x1b[2J.gguf"), (error: Error) => {
    // deno-lint-ignore no-control-regex -- it is what must not be there
    assert.doesNotMatch(error.message, /[\x00-\x1f]/);
    return true;
  });
});

Deno.test("listStoredFiles() lists what has an address with an escaped question mark", async () => {
  await using folder = await TemporaryFolder.make();
  const addresses = [
    "http://127.0.0.1/%3F%zz/m.gguf",
    "http://127.0.0.1/%3Fx/m.gguf",
    "http://127.0.0.1/m.gguf?x",
  ];
  for (const address of addresses) {
    const part = await PartFile.open(folder.join(urlPath(new URL(address))));
    part.close();
  }
  const names = (await listStoredFiles(folder.path)).map(({ name }) => name);
  assert.deepEqual(names.sort(), addresses.sort());
});

Deno.test("PartFile.open() says what is in its place, and not that another home would help", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.mkdir(folder.join("a.gguf.part"));
  await Deno.writeTextFile(folder.join("b.gguf"), "GGUF");
  for (const path of ["a.gguf", "b.gguf/c.gguf", `${"x".repeat(300)}.gguf`]) {
    await assert.rejects(PartFile.open(folder.join(path)), (error: Error & { code?: string }) => {
      assert.equal(error.code, "cannot_write");
      assert.match(error.message, /a file of another model is in its place/);
      assert.doesNotMatch(error.message, /RBEE_HOME/);
      return true;
    });
  }
});

Deno.test("diskError() says of a file that has gone that it was removed", async () => {
  await using folder = await TemporaryFolder.make();
  const part = await PartFile.open(folder.join("sub", "a.gguf"));
  await Deno.remove(folder.join("sub"), { recursive: true });
  await assert.rejects(part.save(), {
    code: "model_not_found",
    message: /was removed while it came/,
  });
  part.close();
  assert.equal(diskError("x", new Error("Strange")).code, "cannot_write");
});

Deno.test("listStoredFiles() lists what links lead to, and nothing of what leads to no file", async () => {
  await using folder = await TemporaryFolder.make();
  const store = folder.join("store");
  const bees = `${store}/hf/bees/x`;
  await Deno.mkdir(bees, { recursive: true });
  await Deno.writeTextFile(folder.join("elsewhere"), "GGUF and more");
  await Deno.symlink(folder.join("elsewhere"), `${bees}/linked.gguf`);
  await Deno.symlink(`${bees}/circle2.gguf`, `${bees}/circle1.gguf`);
  await Deno.symlink(`${bees}/circle1.gguf`, `${bees}/circle2.gguf`);
  await Deno.symlink(`${bees}/nothing`, `${bees}/dangling.gguf`);
  await Deno.symlink(bees, `${bees}/folder.gguf`);
  await Deno.symlink("/dev/zero", `${bees}/zeros.gguf`);
  await Deno.symlink(store, `${bees}/round`);
  assert.equal(
    (await new Deno.Command("mkfifo", { args: [`${bees}/pipe.gguf`] }).output()).code,
    0,
  );
  assert.deepEqual(await listStoredFiles(store), [{
    name: "hf:bees/x:linked.gguf",
    files: [{ path: "hf/bees/x/linked.gguf", bytes: 13 }],
    isWhole: true,
  }]);
});

Deno.test("PartFile writes through no link, neither one that is there nor one that is put in its place", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("a.gguf");
  const victim = folder.join("victim");
  const refused = { code: "cannot_write", message: /is not the file that is being fetched/ };
  await Deno.symlink(victim, `${path}.part`);
  await assert.rejects(PartFile.open(path), refused);
  await assert.rejects(Deno.lstat(victim), Deno.errors.NotFound, "not made either");
  await Deno.writeTextFile(victim, "whole");
  await assert.rejects(PartFile.open(path), refused);
  await Deno.remove(`${path}.part`);

  const part = await PartFile.open(path);
  part.identify({ total: 4 });
  await Deno.symlink(victim, `${path}.part.json.new`);
  await part.save();
  assert.equal(await Deno.readTextFile(victim), "whole");
  await Deno.remove(`${path}.part`);
  await Deno.symlink(victim, `${path}.part`);
  await assert.rejects(part.writeFrom(0), refused);
  await Deno.remove(`${path}.part`);
  await Deno.writeTextFile(`${path}.part`, "another");
  await assert.rejects(part.writeFrom(0), refused);
  await assert.rejects(part.finish(), refused);
  part.close();
  assert.equal(await Deno.readTextFile(victim), "whole");
  await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
});
