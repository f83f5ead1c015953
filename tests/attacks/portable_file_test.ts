import assert from "node:assert/strict";
import { TinyPortable } from "../scripts/tiny_portable.ts";

const NOBODY = 65_534;
// Only root can give a file to somebody else.
const ignore = Deno.uid() !== 0;
const EVIL = "#!/bin/sh\necho evil\n";

/** The portable file with another archive behind its head. */
async function withArchive(tiny: TinyPortable, makeTar: string): Promise<void> {
  const script =
    `set -e; mkdir work; cd work; ${makeTar}; gzip -9n <../evil.tar >../evil.tar.gz; rm -f ../escaped`;
  const cwd = tiny.join();
  const made = await new Deno.Command("sh", { args: ["-c", script], cwd }).output();
  assert.equal(made.code, 0, new TextDecoder().decode(made.stderr));
  const whole = await Deno.readFile(tiny.file);
  const at = whole.findIndex((byte, i) => byte === 0x1f && whole[i + 1] === 0x8b);
  const archive = await Deno.readFile(tiny.join("evil.tar.gz"));
  await Deno.writeFile(tiny.file, new Uint8Array([...whole.subarray(0, at), ...archive]));
}

for (
  const [what, makeTar] of [
    [
      "names a file above its folder",
      "echo evil >../escaped; mkdir in; cd in; tar -cPf ../../evil.tar ../../escaped; cd ..",
    ],
    [
      "names a file by a whole path",
      'echo evil >../escaped; tar -cPf ../evil.tar "$(cd ..; pwd)/escaped"',
    ],
    [
      "writes through a link that it brings",
      "ln -s ../../.. out; tar -cf ../evil.tar out; rm out; mkdir out; echo evil >out/escaped; tar -rf ../evil.tar out/escaped",
    ],
  ] as const
) {
  Deno.test(`a portable file whose archive ${what} writes nothing outside its cache folder`, async () => {
    await using tiny = await TinyPortable.make();
    await withArchive(tiny, makeTar);
    const { code, stdout } = await tiny.run(["where"]);
    assert.notEqual(code, 0);
    assert.equal(stdout, "");
    for (const folder of [tiny.join(), tiny.home]) {
      const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
      assert.ok(!names.includes("escaped"), `${folder} has ${names}`);
    }
    const left = await Array.fromAsync(Deno.readDir(`${tiny.home}/cache`));
    assert.deepEqual(left, []);
  });
}

Deno.test({
  name: "a program that somebody else has put into the cache folder is not run",
  ignore,
  async fn() {
    await using tiny = await TinyPortable.make();
    assert.equal((await tiny.run(["where"])).stdout, "the program");
    const program = await tiny.program();
    for (const theirs of ["deno", "main.js", "assets/model", ""]) {
      const path = `${program}/${theirs}`;
      if (theirs === "deno") await Deno.writeTextFile(path, EVIL);
      await Deno.chown(path, NOBODY, NOBODY);
      const { code, stdout } = await tiny.run(["where"]);
      assert.deepEqual([code, stdout], [0, "the program"], theirs);
      assert.equal(await tiny.program(), `${program}+`);
      await Deno.remove(program, { recursive: true });
      await Deno.rename(`${program}+`, program);
    }
  },
});

Deno.test({
  name: "a cache folder that is somebody else's is named, and nothing of it is run",
  ignore,
  async fn() {
    await using tiny = await TinyPortable.make();
    assert.equal((await tiny.run(["where"])).code, 0);
    await Deno.writeTextFile(`${await tiny.program()}/deno`, EVIL);
    await Deno.chown(`${tiny.home}/cache`, NOBODY, NOBODY);
    assert.deepEqual(await tiny.run(["where"]), {
      code: 1,
      stdout: "",
      stderr:
        `Error: ${tiny.home}/cache belongs to another user; set RBEE_HOME to a folder of your own\n`,
    });
    await Deno.remove(`${tiny.home}/cache`, { recursive: true });
    await Deno.mkdir(`${tiny.home}/cache`);
    await Deno.chown(`${tiny.home}/cache`, NOBODY, NOBODY);
    assert.equal((await tiny.run(["where"])).code, 1);
    assert.deepEqual(await tiny.cached(), []);
  },
});
