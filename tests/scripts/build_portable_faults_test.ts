import assert from "node:assert/strict";
import { mountTest, TinyDisk } from "../helpers/tiny_disk.ts";
import { TinyPortable } from "./tiny_portable.ts";

Deno.test("another processor or system is refused in one sentence, and nothing is unpacked", async () => {
  await using tiny = await TinyPortable.make();
  for (const [system, machine] of [["Linux", "aarch64"], ["Darwin", "x86_64"]] as const) {
    const env = await tiny.fake("uname", `[ "$1" = -m ] && echo ${machine} || echo ${system}`);
    const { code, stderr } = await tiny.run(["where"], { env });
    assert.deepEqual([code, stderr], [
      1,
      `Error: This rbee is for Linux on x86_64, and this machine is ${system} on ${machine}; ` +
      "run rbee from source here, as README says\n",
    ]);
  }
  await assert.rejects(Deno.stat(tiny.home), Deno.errors.NotFound);
});

Deno.test("a machine without glibc, or with one too old, is refused in one sentence", async () => {
  await using tiny = await TinyPortable.make();
  const file = await Deno.readFile(tiny.file);
  const text = new TextDecoder("latin1").decode(file).replaceAll("/lib64/ld-", "/lib_4/ld-");
  await Deno.writeFile(tiny.file, Uint8Array.from(text, (char) => char.charCodeAt(0)));
  const without = await tiny.run(["where"]);
  assert.deepEqual([without.code, without.stderr], [
    1,
    "Error: This rbee needs glibc, whose /lib_4/ld-linux-x86-64.so.2 is not here; " +
    "use a system with glibc, such as Debian or Fedora\n",
  ]);

  const words = "deno: version `GLIBC_2.99' not found";
  await using old = await TinyPortable.make(
    `#!/bin/sh\necho "${words.replace("`", "\\`")}" >&2; exit 1\n`,
  );
  const { code, stderr } = await old.run(["where"]);
  assert.deepEqual([code, stderr], [
    1,
    `Error: Cannot run the Deno of rbee (${words}); ` +
    "use a system with a newer glibc, or run rbee from source here, as README says\n",
  ]);
  assert.deepEqual(await old.cached(), []);
});

Deno.test("a file that is damaged or cut short is refused in one sentence", async () => {
  await using tiny = await TinyPortable.make();
  const whole = await Deno.readFile(tiny.file);
  const damaged = whole.slice();
  // The sum of what was packed stands in the last 8 bytes. See RFC 1952, 2.2.
  damaged[damaged.length - 6]! ^= 0xff;
  for (const bytes of [whole.slice(0, -30), damaged]) {
    await Deno.writeFile(tiny.file, bytes);
    const { code, stderr } = await tiny.run(["where"]);
    assert.deepEqual([code, stderr], [
      1,
      `Error: Cannot unpack ${tiny.file}: it is damaged or cut short; copy it here again\n`,
    ]);
    assert.deepEqual(await tiny.cached(), []);
  }
});

Deno.test("a file that is cut short within its head does nothing, and fails", async () => {
  await using tiny = await TinyPortable.make();
  const whole = await Deno.readFile(tiny.file);
  const head = new TextDecoder("latin1").decode(whole).indexOf("\n}\n\x1f");
  assert.ok(head > 1000);
  for (const part of [0.2, 0.4, 0.6, 0.8, 0.95, 1]) {
    await Deno.writeFile(tiny.file, whole.slice(0, Math.floor(head * part)));
    const { code, stdout, stderr } = await tiny.run(["where"]);
    assert.deepEqual([code === 0, stdout], [false, ""], `${part}`);
    assert.match(stderr, /syntax error|unterminated|unexpected/i);
  }
  await assert.rejects(Deno.stat(tiny.home), Deno.errors.NotFound);
});

for (const missing of ["gzip", "tar"]) {
  Deno.test(`a machine without ${missing} is told to install it`, async () => {
    await using tiny = await TinyPortable.make();
    const env = await tiny.without(missing);
    const { code, stderr } = await tiny.run(["where"], { env });
    assert.deepEqual([code, stderr], [
      1,
      "Error: Cannot unpack rbee without tar and gzip; install them\n",
    ]);
    assert.deepEqual(await tiny.cached(), []);
    // What is unpacked needs neither.
    assert.equal((await tiny.run(["where"])).code, 0);
    assert.equal((await tiny.run(["where"], { env })).code, 0);
  });
}

Deno.test("a cache folder that cannot be made is named, with what to set", async () => {
  await using tiny = await TinyPortable.make();
  const cases: [Record<string, string | undefined>, string, string][] = [
    [{ RBEE_HOME: tiny.file }, `${tiny.file}/cache`, "RBEE_HOME"],
    [{ RBEE_HOME: undefined, HOME: tiny.file }, `${tiny.file}/.cache/rbee`, "XDG_CACHE_HOME"],
  ];
  for (const [env, cache, setting] of cases) {
    const { code, stderr } = await tiny.run(["where"], { env });
    assert.deepEqual([code, stderr], [
      1,
      `Error: Cannot unpack rbee into ${cache}: Not a directory; ` +
      `set ${setting} to a folder that you can write\n`,
    ]);
  }
});

Deno.test(mountTest("a cache folder on a full disk is said to be that", async () => {
  await using tiny = await TinyPortable.make();
  await using disk = await TinyDisk.mount();
  disk.fill();
  const { code, stderr } = await tiny.run(["where"], { env: { RBEE_HOME: disk.path } });
  assert.deepEqual([code, stderr], [
    1,
    `Error: Cannot unpack rbee into ${disk.path}/cache: the disk is full; ` +
    "free 1 MiB, or set RBEE_HOME to a folder on another disk\n",
  ]);
}));

Deno.test(
  mountTest("a disk that becomes full while it is unpacked is said to be that", async () => {
    // Twice as much as the disk holds, that no archive makes smaller.
    const model = new Uint8Array(512 * 1024);
    for (let at = 0; at < model.length; at += 65_536) {
      crypto.getRandomValues(model.subarray(at, at + 65_536));
    }
    await using tiny = await TinyPortable.make(undefined, { "assets/model": model });
    await using disk = await TinyDisk.mount(256);
    const { code, stderr } = await tiny.run(["where"], { env: { RBEE_HOME: disk.path } });
    assert.deepEqual([code, stderr], [
      1,
      `Error: Cannot unpack rbee into ${disk.path}/cache: the disk is full; ` +
      "free 1 MiB, or set RBEE_HOME to a folder on another disk\n",
    ]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${disk.path}/cache`)), []);
  }),
);

Deno.test(mountTest("a cache folder on a disk that cannot be written is named", async () => {
  await using tiny = await TinyPortable.make();
  await using disk = await TinyDisk.mount();
  const remount = ["-o", "remount,ro", disk.path];
  assert.ok((await new Deno.Command("mount", { args: remount }).output()).success);
  const { code, stderr } = await tiny.run(["where"], { env: { RBEE_HOME: disk.path } });
  assert.deepEqual([code, stderr], [
    1,
    `Error: Cannot unpack rbee into ${disk.path}/cache: Read-only file system; ` +
    "set RBEE_HOME to a folder that you can write\n",
  ]);
}));

Deno.test(
  mountTest("a cache folder on a disk that is mounted noexec is said to be that", async () => {
    await using tiny = await TinyPortable.make();
    await using disk = await TinyDisk.mount();
    const remount = ["-o", "remount,noexec", disk.path];
    assert.ok((await new Deno.Command("mount", { args: remount }).output()).success);
    const { code, stderr } = await tiny.run(["where"], { env: { RBEE_HOME: disk.path } });
    assert.deepEqual([code, stderr], [
      1,
      `Error: Cannot run programs in ${disk.path}/cache, which may be mounted noexec; ` +
      "set RBEE_HOME to a folder on another disk\n",
    ]);
  }),
);
