import assert from "node:assert/strict";
import { type CgroupController, ownCgroups, readNumber } from "../../src/process/cgroup.ts";
import { machineFolder, mountOfV1, mountOfV2 } from "../helpers/machine_folder.ts";

/** The groups of a process, as `version folder`, without the fixture's folder. */
async function groups(
  cgroup: string,
  mountinfo: string,
  controller: CgroupController = "memory",
): Promise<string[]> {
  await using machine = await machineFolder({
    "proc/self/cgroup": cgroup,
    "proc/self/mountinfo": mountinfo,
  });
  return ownCgroups(controller, { root: machine.path }).map(({ version, folder }) =>
    `${version} ${folder.slice(machine.path.length)}`
  );
}

const OTHER_MOUNTS =
  "22 1 254:0 / / rw - ext4 /dev/vda rw\n23 1 0:5 / /dev rw - devtmpfs none rw\n";

Deno.test("ownCgroups() gives the own group and all above it, up to the mount", async () => {
  assert.deepEqual(
    await groups("0::/user.slice/user-1000.slice/rbee.scope\n", OTHER_MOUNTS + mountOfV2()),
    [
      "2 /sys/fs/cgroup/user.slice/user-1000.slice/rbee.scope",
      "2 /sys/fs/cgroup/user.slice/user-1000.slice",
      "2 /sys/fs/cgroup/user.slice",
      "2 /sys/fs/cgroup",
    ],
  );
});

Deno.test("ownCgroups() takes the mount itself for a container with a namespace", async () => {
  assert.deepEqual(await groups("0::/\n", mountOfV2()), ["2 /sys/fs/cgroup"]);
});

Deno.test("ownCgroups() takes the mount for a container that keeps the host's names", async () => {
  const mount = mountOfV1("memory", "/docker/3f2a");
  const own = "8:pids:/docker/3f2a\n4:memory:/docker/3f2a\n0::/docker/3f2a\n";
  assert.deepEqual(await groups(own, mount), ["1 /sys/fs/cgroup/memory"]);
  assert.deepEqual(await groups("4:memory:/docker/3f2a/inner\n", mount), [
    "1 /sys/fs/cgroup/memory/inner",
    "1 /sys/fs/cgroup/memory",
  ]);
  // Part of a name is no folder.
  assert.deepEqual(await groups("4:memory:/docker/3f2abc\n", mount), ["1 /sys/fs/cgroup/memory"]);
});

Deno.test("ownCgroups() gives no groups that bound others: outside of the namespace", async () => {
  assert.deepEqual(await groups("0::/../sibling\n", mountOfV2()), []);
  assert.deepEqual(await groups("0::/../sibling\n", mountOfV2("/..")), [
    "2 /sys/fs/cgroup/sibling",
    "2 /sys/fs/cgroup",
  ]);
});

Deno.test("ownCgroups() finds the controller in each kind of hierarchy", async () => {
  const own = "9:cpu,cpuacct:/a\n4:memory:/b\n3:name=systemd:/c\n0::/d\n";
  const mounts = mountOfV1("cpu,cpuacct") + mountOfV1("memory") + mountOfV2("/", "/sys/unified");
  assert.deepEqual(await groups(own, mounts), [
    "1 /sys/fs/cgroup/memory/b",
    "1 /sys/fs/cgroup/memory",
    "2 /sys/unified/d",
    "2 /sys/unified",
  ]);
  assert.deepEqual(await groups(own, mounts, "cpu"), [
    "1 /sys/fs/cgroup/cpu,cpuacct/a",
    "1 /sys/fs/cgroup/cpu,cpuacct",
    "2 /sys/unified/d",
    "2 /sys/unified",
  ]);
});

Deno.test("ownCgroups() reads names with colons and spaces", async () => {
  assert.deepEqual(await groups("0::/odd:name\n", mountOfV2("/", "/my\\040groups\\134")), [
    "2 /my groups\\/odd:name",
    "2 /my groups\\",
  ]);
});

Deno.test("ownCgroups() gives none where there are none, or what is there makes no sense", async () => {
  assert.deepEqual(await groups("", ""), []);
  assert.deepEqual(await groups("0::/a\n", OTHER_MOUNTS), []);
  assert.deepEqual(await groups("what\n\n", "is this - cgroup\n - \n\n"), []);
  await using empty = await machineFolder({});
  assert.deepEqual(ownCgroups("memory", { root: empty.path }), []);
});

Deno.test("readNumber() knows no number where the file is missing, says max, or something else", async () => {
  await using machine = await machineFolder({
    a: "12\n",
    b: "max\n",
    c: "",
    d: "-1\n",
    e: "1 2\n",
  });
  const cgroup = { version: 2, folder: machine.path } as const;
  assert.deepEqual(
    ["a", "b", "c", "d", "e", "f"].map((file) => readNumber(cgroup, file)),
    [12, undefined, undefined, -1, undefined, undefined],
  );
});
