import assert from "node:assert/strict";
import { spawnChild } from "../../src/process/child.ts";
import { whyNotRunnable } from "../../src/process/program_file.ts";
import { runCaptured } from "../helpers/captured_child.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { writeProgram } from "../helpers/written_program.ts";

const OWN = Deno.build.arch === "x86_64" ? 0x3e : 0xb7;
const FOREIGN = Deno.build.arch === "x86_64" ? 0xb7 : 0x3e;
const FOREIGN_NAME = Deno.build.arch === "x86_64" ? "aarch64" : "x86_64";

/** The first bytes of a program for a machine, see elf(5). */
function elf(machine: number, length = 64): Uint8Array {
  const header = new Uint8Array(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.set([2, 0, machine & 0xff, machine >> 8], 16);
  return header.subarray(0, length);
}

/** A folder with programs in it. */
async function programs(files: Record<string, Uint8Array | string>): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.make();
  for (const [name, content] of Object.entries(files)) {
    await writeProgram(folder.join(name), content);
  }
  return folder;
}

const foreign = `it is a program for another processor (${FOREIGN_NAME}), and this machine is ` +
  `${Deno.build.arch}; install the one for this machine`;

Deno.test("whyNotRunnable() has nothing against a real program, by its path or its name", () => {
  for (const program of ["/bin/sh", "sh", Deno.execPath()]) {
    assert.equal(whyNotRunnable(program), undefined);
  }
});

Deno.test("whyNotRunnable() says that a program is for another processor", async () => {
  await using folder = await programs({ engine: elf(FOREIGN) });
  assert.equal(whyNotRunnable(folder.join("engine")), foreign);
});

Deno.test("whyNotRunnable() gives the number of a processor that it has no name for", async () => {
  await using folder = await programs({ engine: elf(0x102) });
  assert.match(
    whyNotRunnable(folder.join("engine")) ?? "",
    /^it is a program for another processor \(ELF machine 258\), /,
  );
});

Deno.test("whyNotRunnable() has nothing against the header of this machine's programs", async () => {
  await using folder = await programs({ engine: elf(OWN) });
  assert.equal(whyNotRunnable(folder.join("engine")), undefined);
});

for (const length of [4, 18, 19]) {
  Deno.test(`whyNotRunnable() says that a program of ${length} bytes was cut short`, async () => {
    await using folder = await programs({ engine: elf(OWN, length) });
    assert.equal(
      whyNotRunnable(folder.join("engine")),
      "its file is cut short; install it again",
    );
  });
}

for (
  const [what, content] of [
    ["an empty file", ""],
    ["text without #!", "echo hello\n"],
    ["less than a header", "\x7fEL"],
    ["a script for sh", "#!/bin/sh\necho hello\n"],
    ["a script with a space before its interpreter", "#! \t/bin/sh\n"],
    ["a script with an option", "#!/bin/sh -e\n"],
    ["a script without a line end", "#!/bin/sh"],
    ["a script that names none", "#!\n"],
    ["a script for what env will find", "#!/usr/bin/env sh\n"],
  ] as const
) {
  Deno.test(`whyNotRunnable() has nothing against ${what}`, async () => {
    await using folder = await programs({ engine: content });
    assert.equal(whyNotRunnable(folder.join("engine")), undefined);
  });
}

for (
  const [what, line, named] of [
    ["a script", "#!/opt/none/python3", "/opt/none/python3"],
    ["a script with options", "#!/opt/none/python3 -u -E", "/opt/none/python3"],
    ["a script with a tab", "#!\t/opt/none/python3\t-u", "/opt/none/python3"],
    ["a script for a folder", "#!/tmp", "/tmp"],
  ] as const
) {
  Deno.test(`whyNotRunnable() names the missing interpreter of ${what}`, async () => {
    await using folder = await programs({ engine: `${line}\nprint("x")\n` });
    assert.equal(
      whyNotRunnable(folder.join("engine")),
      `its first line names ${named}, which is not there; install that, or mend the line`,
    );
  });
}

Deno.test("whyNotRunnable() says that a script has the line ends of another system", async () => {
  await using folder = await programs({ engine: "#!/bin/sh\r\necho hello\r\n" });
  // The carriage return is a part of the interpreter's name for the kernel.
  assert.match(whyNotRunnable(folder.join("engine")) ?? "", /^its first line names \/bin\/sh/);
});

Deno.test("whyNotRunnable() reads no more of a script than its first line", async () => {
  await using folder = await programs({ engine: "#!/bin/sh\n" });
  // A self-extracting archive can be longer than any text that can be held.
  await Deno.truncate(folder.join("engine"), 600 * 1024 * 1024);
  assert.equal(whyNotRunnable(folder.join("engine")), undefined);
});

Deno.test("whyNotRunnable() leaves what is not there, or cannot be read, to the attempt", async () => {
  await using folder = await programs({});
  for (const name of ["none", "none/engine"]) {
    assert.equal(whyNotRunnable(folder.join(name)), undefined);
  }
  assert.equal(whyNotRunnable("rbee-none", { path: folder.path }), undefined);
});

Deno.test("whyNotRunnable() says that a path is a folder's, wherever it is looked up", async () => {
  await using folder = await programs({});
  await Deno.mkdir(folder.join("engine"));
  for (const program of [folder.path, folder.join("engine"), "./engine", "engine/"]) {
    assert.equal(
      whyNotRunnable(program, { cwd: folder.path }),
      "it is a folder; name the program in it",
    );
  }
  // By a name alone a folder is never meant.
  assert.equal(whyNotRunnable("engine", { cwd: folder.path, path: folder.path }), undefined);
});

Deno.test("whyNotRunnable() looks a name up in the PATH that it is given, the first that has it", async () => {
  await using first = await programs({ other: elf(OWN) });
  await using second = await programs({ engine: elf(FOREIGN) });
  await using third = await programs({ engine: elf(OWN) });
  const path = (...folders: TemporaryFolder[]) => folders.map((each) => each.path).join(":");
  assert.equal(whyNotRunnable("engine", { path: path(first, second, third) }), foreign);
  assert.equal(whyNotRunnable("engine", { path: path(first, third, second) }), undefined);
  assert.equal(whyNotRunnable("engine", { path: first.path }), undefined);
  assert.equal(whyNotRunnable("engine", { path: "" }), undefined);
});

Deno.test("whyNotRunnable() looks a relative path up in the folder that it is given", async () => {
  await using folder = await programs({ engine: elf(FOREIGN) });
  await using other = await programs({ engine: elf(OWN) });
  for (const program of ["./engine", "../" + folder.path.split("/").at(-1) + "/engine"]) {
    assert.equal(whyNotRunnable(program, { cwd: folder.path }), foreign);
  }
  assert.equal(whyNotRunnable("./engine", { cwd: other.path }), undefined);
  assert.equal(whyNotRunnable(folder.join("engine"), { cwd: other.path }), foreign);
});

Deno.test("spawnChild() says why a program cannot run, before the system tries", async () => {
  await using folder = await programs({
    foreign: elf(FOREIGN),
    script: "#!/opt/none/python3\n",
  });
  const env = { PATH: folder.path };
  for (
    const [options, why] of [
      [{ program: folder.join("foreign") }, foreign],
      [{ program: "foreign", env }, foreign],
      [{ program: "./foreign", cwd: folder.path }, foreign],
      [{ program: "script", env }, "its first line names /opt/none/python3, which is not there;"],
    ] as const
  ) {
    assert.throws(() => spawnChild({ args: [], mode: "captured", ...options }), {
      name: "RbeeError",
      code: "cannot_spawn",
      message: RegExp(`^Cannot start "${options.program}": ${why.replace(/[()]/g, "\\$&")}`),
    });
  }
});

Deno.test("spawnChild() finds a program where whyNotRunnable() has looked", async () => {
  await using folder = await programs({ here: "#!/bin/sh\necho found\n" });
  const byPath = await runCaptured({ program: "./here", args: [], cwd: folder.path });
  assert.deepEqual(byPath.logged(), ["found"]);
  const byName = await runCaptured({ program: "here", args: [], env: { PATH: folder.path } });
  assert.deepEqual(byName.logged(), ["found"]);
});
