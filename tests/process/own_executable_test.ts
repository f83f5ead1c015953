import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ownExecutable } from "../../src/process/own_executable.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { TinyPortable } from "../scripts/tiny_portable.ts";

const MODULE = fileURLToPath(new URL("../../src/process/own_executable.ts", import.meta.url));

/** A portable file whose program prints what ownExecutable() gives, in the Deno that runs this. */
async function printer(): Promise<TinyPortable> {
  await using folder = await TemporaryFolder.make();
  const [entry, main] = [folder.join("entry.ts"), folder.join("main.js")];
  await Deno.writeTextFile(
    entry,
    `import { ownExecutable } from ${JSON.stringify(MODULE)};\n` +
      `if (Deno.args[0] === "remove") Deno.removeSync(Deno.env.get("RBEE_EXECUTABLE")!);\n` +
      `console.log(JSON.stringify(ownExecutable() ?? null));\n`,
  );
  const args = ["bundle", "--quiet", "--platform=deno", `--output=${main}`, entry];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const deno = `#!/bin/sh\nexec '${Deno.execPath()}' "$@"\n`;
  return await TinyPortable.make(deno, { "main.js": await Deno.readTextFile(main) });
}

Deno.test("ownExecutable() is undefined when run from source, whatever the environment says", () => {
  Deno.env.set("RBEE_EXECUTABLE", Deno.execPath());
  try {
    assert.equal(ownExecutable(), undefined);
  } finally {
    Deno.env.delete("RBEE_EXECUTABLE");
  }
});

Deno.test("ownExecutable() is the portable file, however it was found, until it is gone", async () => {
  await using tiny = await printer();
  const file = await Deno.realPath(tiny.file);
  await Deno.symlink(tiny.file, tiny.join("link"));
  const own = async (command: [string, ...string[]], ...args: string[]) => {
    const { code, stdout, stderr } = await tiny.run(args, {
      command,
      cwd: tiny.join(),
      env: { PATH: `${tiny.join()}:${Deno.env.get("PATH")}`, RBEE_EXECUTABLE: "/bin/sh" },
    });
    assert.deepEqual([code, stderr], [0, ""]);
    return JSON.parse(stdout);
  };
  assert.equal(await own([tiny.file]), file);
  assert.equal(await own(["./rbee"]), file);
  assert.equal(await own(["/usr/bin/env", "rbee"]), file);
  assert.equal(await own([tiny.join("link")]), file);
  assert.equal(await own([tiny.file], "remove"), null);
});

Deno.test("ownExecutable() is undefined in a process that the portable file's head has not started", async () => {
  await using tiny = await printer();
  assert.equal((await tiny.run([])).code, 0);
  const main = `${await tiny.program()}/main.js`;
  const env = { RBEE_EXECUTABLE: undefined };
  const { code, stdout } = await tiny.run(["run", "--allow-all", main], {
    command: [Deno.execPath()],
    env,
  });
  assert.deepEqual([code, JSON.parse(stdout)], [0, null]);
});
