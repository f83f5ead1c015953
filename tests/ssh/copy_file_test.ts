import assert from "node:assert/strict";
import { copyToHost } from "../../src/ssh/copy_file.ts";
import { runRemote } from "../../src/ssh/remote_command.ts";
import { CapturedChild, fixture } from "../helpers/captured_child.ts";
import { sshTest, TestSshHost } from "../helpers/ssh_host.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const MIB = 2 ** 20;

/** A file of random bytes, under a name that a shell or scp could take for something else. */
async function makeFile(folder: TemporaryFolder, mebibytes: number): Promise<string> {
  const path = folder.join("it's: $(touch x); -o b");
  using file = await Deno.open(path, { write: true, create: true });
  const block = new Uint8Array(MIB);
  for (let at = 0; at < MIB; at += 65_536) crypto.getRandomValues(block.subarray(at, at + 65_536));
  for (let i = 0; i < mebibytes; i++) await file.write(block);
  return path;
}

Deno.test(sshTest("copyToHost() copies a file whole and tells how far it is", async () => {
  await using machine = await TestSshHost.start();
  await using folder = await TemporaryFolder.make();
  const localPath = await makeFile(folder, 16);
  await machine.files.limitScp(16);
  const told: number[] = [];
  await copyToHost(machine.host, { localPath, remoteName: ".rbee-upload" }, {
    onProgress({ current, total }) {
      assert.equal(total, 16 * MIB);
      told.push(current);
    },
  });
  assert.equal(told.at(-1), 16 * MIB);
  assert.ok(told.length > 1, `${told}`);
  assert.deepEqual(told, told.toSorted((a, b) => a - b));
  const sum = new Uint8Array(
    await crypto.subtle.digest("SHA-256", await Deno.readFile(localPath)),
  ).toHex();
  const { stdout } = await runRemote(machine.host, ["sha256sum", ".rbee-upload"]);
  assert.equal(stdout, `${sum}  .rbee-upload`);
  await machine.idle();
}));

Deno.test(sshTest("an abort ends scp and removes what has arrived", async () => {
  await using machine = await TestSshHost.start();
  await using folder = await TemporaryFolder.make();
  const localPath = await makeFile(folder, 32);
  await machine.files.limitScp(8);
  const stop = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(
    copyToHost(machine.host, { localPath, remoteName: "part" }, {
      signal: stop.signal,
      onProgress: ({ current, total }) => current < total && stop.abort(reason),
    }),
    reason,
  );
  assert.deepEqual(await Array.fromAsync(Deno.readDir(machine.homePath)), []);
  await machine.idle();
}));

Deno.test(
  sshTest("a disk that is full there is told, and what has arrived is removed", async () => {
    await using machine = await TestSshHost.start();
    await using folder = await TemporaryFolder.make();
    const localPath = await makeFile(folder, 3);
    const { code, stderr } = await machine.run(
      "mkdir small && mount -t tmpfs -o size=1m none small",
    );
    assert.equal(code, 0, stderr);
    await assert.rejects(copyToHost(machine.host, { localPath, remoteName: "small/rbee" }), {
      code: "remote_disk_full",
      message: /^The disk of root@\S+ is full: .* df -h$/,
    });
    assert.equal((await machine.run("ls -A small")).stdout, "");
  }, { network: true }),
);

Deno.test(sshTest("a host without sftp is told apart", async () => {
  await using machine = await TestSshHost.start({ sftp: false });
  await using folder = await TemporaryFolder.make();
  const localPath = await makeFile(folder, 1);
  await assert.rejects(copyToHost(machine.host, { localPath, remoteName: "rbee" }), {
    code: "no_scp",
    message: /takes no files: enable the sftp subsystem/,
  });
}, { network: true }));

Deno.test(sshTest("ssh's own failures are told as those of a command are", async () => {
  await using machine = await TestSshHost.start();
  await using folder = await TemporaryFolder.make();
  const localPath = await makeFile(folder, 1);
  const copy = () => copyToHost(machine.host, { localPath, remoteName: "rbee" });
  await machine.knowHostKey(undefined);
  await assert.rejects(copy(), { code: "ssh_host_key_unknown" });
  await machine.knowHostKey("host_key");
  await machine.files.configure({ key: "wrong_id" });
  await assert.rejects(copy(), { code: "ssh_permission_denied" });
  await machine.files.configure();
  await Deno.mkdir(`${machine.homePath}/rbee`);
  await Deno.mkdir(`${machine.homePath}/rbee/${localPath.split("/").at(-1)}`);
  await assert.rejects(copy(), { code: "ssh_failed" });
}));

Deno.test("a remote name that could mean more than a name is refused", async () => {
  await using folder = await TemporaryFolder.make();
  const localPath = await makeFile(folder, 1);
  const host = { destination: { host: "gpu" }, env: { PATH: "/nowhere" } };
  for (
    const remoteName of ["", "-r", "a b", "$(id)", "/etc/x", "../x", "a/../x", "~x", "a;b", "a:b"]
  ) {
    await assert.rejects(
      copyToHost(host, { localPath, remoteName }),
      { code: "bad_remote_name" },
      remoteName,
    );
  }
});

Deno.test("what is missing on this machine is told: the file, or scp", async () => {
  await using folder = await TemporaryFolder.make();
  const host = { destination: { host: "gpu" }, env: { PATH: folder.path } };
  const copy = (localPath: string) => copyToHost(host, { localPath, remoteName: "x" });
  await assert.rejects(copy(folder.join("none")), { code: "cannot_read" });
  await assert.rejects(copy(folder.path), { code: "cannot_read", message: /it is no file/ });
  await assert.rejects(copy(await makeFile(folder, 1)), { code: "no_ssh", message: /no scp/ });
});

Deno.test(sshTest("scp ends when the process that ran it is killed", async () => {
  await using machine = await TestSshHost.start();
  await using folder = await TemporaryFolder.make();
  const localPath = await makeFile(folder, 32);
  await machine.files.limitScp(8);
  await using parent = new CapturedChild(
    fixture("copy_to_host.ts", JSON.stringify(machine.host), localPath),
  );
  await parent.printed("copying");
  // The parent alone: scp is in a group of its own.
  Deno.kill(parent.child.pid, "SIGKILL");
  await machine.idle();
  const { size } = await Deno.stat(`${machine.homePath}/part`);
  assert.ok(size < 32 * MIB, "it was not copied to its end");
}));
