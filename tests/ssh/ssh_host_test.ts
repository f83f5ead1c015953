import assert from "node:assert/strict";
import { isAlive } from "../../src/process/process_identity.ts";
import { runRemote } from "../../src/ssh/remote_command.ts";
import { CapturedChild, fixture } from "../helpers/captured_child.ts";
import { sshTest, TestSshHost } from "../helpers/ssh_host.ts";

Deno.test(
  sshTest("the test's machine is bare: no Deno, no project, an empty home folder", async () => {
    await using machine = await TestSshHost.start();
    const project = new URL("../../", import.meta.url).pathname;
    // A project below /tmp is out of sight with that.
    const command =
      `command -v deno npx; ls -A . /tmp; ls -A ${project} 2>/dev/null; hostname; echo "$HOME"`;
    const inside = await machine.run(command);
    const outside = await runRemote(machine.host, ["sh", "-c", command]);
    for (const stdout of [inside.stdout.trimEnd(), outside.stdout]) {
      assert.deepEqual(stdout.split("\n").filter((line) => line !== ""), [
        ".:",
        "/tmp:",
        "rbee-remote",
        "/root",
      ]);
    }
  }, { network: true }),
);

Deno.test(sshTest("the test's machine works on the loopback address too", async () => {
  await using machine = await TestSshHost.start({ isolated: false });
  assert.match(machine.destination, /@127\.0\.0\.1:\d+$/);
  const { stdout } = await runRemote(machine.host, ["sh", "-c", "pwd; ls -A; echo $HOME"]);
  assert.deepEqual(stdout.split("\n"), [machine.homePath, machine.homePath]);
  await machine.idle();
}));

Deno.test(sshTest("the test's machine ends with a test that is killed", async () => {
  await using test = new CapturedChild(fixture("ssh_host.ts"));
  const said = JSON.parse(await test.printed("{")) as {
    interface_name: string;
    pids: number[];
    folders: string[];
  };
  assert.ok(said.pids.length >= 3, "sshd is among them");
  Deno.kill(test.child.pid, "SIGKILL");
  for (const pid of said.pids) {
    while (isAlive(pid)) await Deno.stat("/proc");
  }
  const isThere = () =>
    Deno.stat(`/sys/class/net/${said.interface_name}`).then(() => true, () => false);
  // The kernel takes a namespace apart when its last process has gone.
  while (await isThere()) await Deno.stat("/proc");
  for (const folder of said.folders) await Deno.remove(folder, { recursive: true });
}, { network: true }));
