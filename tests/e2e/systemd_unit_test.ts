import assert from "node:assert/strict";
import { NotifySocket } from "../helpers/notify_socket.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { hasSystemdTools } from "../helpers/systemd_tools.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const ignore = !hasSystemdTools();
const UNITS = "etc/systemd/system";

/** A system that does not run, with a user `bee`. */
async function image(): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.make();
  await Deno.mkdir(folder.join("etc"));
  await Deno.writeTextFile(folder.join("etc/passwd"), "bee:x:1000:1000::/home/bee:/bin/sh\n");
  return folder;
}

/** The words of the unit's ExecStart, none of which holds a quote here. */
async function execStart(system: TemporaryFolder, role: string): Promise<string[]> {
  const unit = await Deno.readTextFile(system.join(UNITS, `rbee-${role}.service`));
  const [, command] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  assert.ok(command !== undefined && !command.includes('"'), unit);
  return command.split(" ");
}

for (const role of ["queen", "hive"] as const) {
  Deno.test({
    name: `the very command of a ${role}'s unit tells systemd of its state, and rbee down ends it`,
    ignore,
    async fn() {
      await using home = await RbeeHome.create();
      await home.configure({ [role]: { port: 0 } });
      await using system = await image();
      const flags = ["--root", system.path, "--as", "bee", "--role", role];
      const { code, stderr } = await home.rbee(["service", "install", ...flags]);
      assert.equal(code, 0, stderr);
      await using socket = NotifySocket.open(`@rbee-test-${crypto.randomUUID()}`);
      const [program, ...args] = await execStart(system, role);
      const child = new Deno.Command(program!, {
        args,
        env: { ...home.env, NOTIFY_SOCKET: socket.name },
        stdin: "null",
        stdout: "null",
        stderr: "null",
        detached: true,
      }).spawn();
      try {
        assert.equal(await socket.next(), "READY=1");
        const { pid, url } = await home.daemon(role);
        assert.equal(pid, child.pid);
        assert.ok((await home.rbee([role, "status"])).stdout.includes(url));
        assert.match((await home.rbee([role, "start"])).stderr, /already running/);
        child.kill("SIGHUP");
        assert.deepEqual([await socket.next(), await socket.next()], ["RELOADING=1", "READY=1"]);
        assert.equal((await home.rbee(["down"])).code, 0);
        assert.equal(await socket.next(), "STOPPING=1");
        // A clean end: systemd starts it again after a failure alone.
        assert.equal((await child.status).code, 0);
      } finally {
        // Nobody else ends it where the test fails.
        if (await Promise.race([child.status, undefined]) === undefined) child.kill("SIGKILL");
        await child.status;
      }
    },
  });
}

Deno.test({
  name:
    "rbee service install says what changes, is the same twice, and uninstall leaves nothing of it",
  ignore,
  async fn() {
    await using home = await RbeeHome.create();
    await using system = await image();
    const flags = ["--root", system.path];
    const install = () => home.rbee(["service", "install", ...flags, "--as", "bee", "--role=hive"]);
    const first = await install();
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^The hive is enabled as rbee-hive\.service: \//);
    const unit = system.join(UNITS, "rbee-hive.service");
    const wanted = system.join(UNITS, "multi-user.target.wants/rbee-hive.service");
    assert.ok((await Deno.lstat(wanted)).isSymlink);
    const text = await Deno.readTextFile(unit);
    assert.match(text, /^User=bee$/m);
    assert.match((await install()).stdout, /\(as it was\)/);

    await Deno.writeTextFile(unit, text.replace("LimitNOFILE=65536", "LimitNOFILE=1024"));
    const mended = await install();
    assert.match(mended.stderr, /no more LimitNOFILE=1024/);
    assert.match(mended.stderr, /now LimitNOFILE=65536/);
    assert.equal(await Deno.readTextFile(unit), text);

    const removed = await home.rbee(["service", "uninstall", ...flags]);
    assert.match(removed.stderr + removed.stdout, /Removed rbee-hive\.service/);
    for (const path of [unit, wanted]) {
      await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
    }
    const again = await home.rbee(["service", "uninstall", ...flags]);
    assert.equal(again.code, 0);
    assert.match(again.stderr + again.stdout, /No unit was installed/);
  },
});

Deno.test({
  name: "rbee service says in one sentence what is wrong",
  ignore: ignore || runsSystemd(),
  async fn() {
    await using home = await RbeeHome.create();
    const none = await home.rbee(["service", "install", "--user"]);
    assert.deepEqual([none.code, none.stdout], [1, ""]);
    assert.match(none.stderr, /^Error: systemd does not run on this machine; .*rbee up/);
    await using system = await image();
    const nobody = await home.rbee(["service", "install", "--root", system.path, "--as", "who"]);
    assert.equal(nobody.code, 2);
    assert.match(nobody.stderr, /^Error: There is no user "who"; name one with --as/);
  },
});

function runsSystemd(): boolean {
  try {
    return Deno.statSync("/run/systemd/system").isDirectory;
  } catch {
    return false;
  }
}
