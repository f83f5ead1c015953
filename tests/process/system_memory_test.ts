import assert from "node:assert/strict";
import { readSystemMemory, type SystemMemory } from "../../src/process/system_memory.ts";
import { machineFolder, meminfo, mountOfV1, mountOfV2 } from "../helpers/machine_folder.ts";

const MIB = 1024 * 1024;
/** A machine of 16 GiB with 10 GiB free. */
const MACHINE = { "proc/meminfo": meminfo(16 * MIB, 10 * MIB) };
const WHOLE: SystemMemory = { totalBytes: 16 * 1024 * MIB, freeBytes: 10 * 1024 * MIB };
const V2 = { "proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": mountOfV2() };
const V1 = {
  "proc/self/cgroup": "4:memory:/docker/3f2a\n0::/\n",
  "proc/self/mountinfo": mountOfV1("memory", "/docker/3f2a"),
};

async function memoryOf(files: Record<string, string>): Promise<SystemMemory> {
  await using machine = await machineFolder({ ...MACHINE, ...files });
  return readSystemMemory({ root: machine.path });
}

/** The files of a group of version 2, in MiB. */
function groupV2(path: string, max: string | number, current: number, inactiveFile = 0) {
  const bytes = (mib: string | number) => typeof mib === "number" ? `${mib * MIB}\n` : `${mib}\n`;
  return {
    [`sys/fs/cgroup/${path}/memory.max`]: bytes(max),
    [`sys/fs/cgroup/${path}/memory.current`]: bytes(current),
    [`sys/fs/cgroup/${path}/memory.stat`]: `anon 1\nfile 2\ninactive_anon 3\ninactive_file ${
      inactiveFile * MIB
    }\nactive_file 4\n`,
  };
}

function groupV1(limit: number, usage: number, inactiveFile = 0) {
  return {
    "sys/fs/cgroup/memory/memory.limit_in_bytes": `${limit}\n`,
    "sys/fs/cgroup/memory/memory.usage_in_bytes": `${usage * MIB}\n`,
    "sys/fs/cgroup/memory/memory.stat": `inactive_file 1\ntotal_inactive_file ${
      inactiveFile * MIB
    }\ntotal_active_file 5\n`,
  };
}

Deno.test("readSystemMemory() is the machine's without any control group", async () => {
  assert.deepEqual(await memoryOf({}), WHOLE);
});

Deno.test("readSystemMemory() is the machine's where the groups set no limit", async () => {
  const none = { ...groupV2("a/b", "max", 500), ...groupV2("a", "max", 900) };
  assert.deepEqual(await memoryOf({ ...V2, ...none }), WHOLE);
  // The root group has no such file at all.
  assert.deepEqual(await memoryOf(V2), WHOLE);
});

Deno.test("readSystemMemory() is what the limit leaves, with the cache that would be given back", async () => {
  assert.deepEqual(await memoryOf({ ...V2, ...groupV2("a/b", 4096, 3000, 500) }), {
    totalBytes: 4096 * MIB,
    freeBytes: (4096 - 2500) * MIB,
    limitBytes: 4096 * MIB,
  });
});

Deno.test("readSystemMemory() obeys the limits of all groups above, each with its own use", async () => {
  const nested = { ...groupV2("a/b", 4096, 100), ...groupV2("a", 6000, 5500, 200) };
  assert.deepEqual(await memoryOf({ ...V2, ...nested }), {
    totalBytes: 4096 * MIB,
    freeBytes: 700 * MIB,
    limitBytes: 4096 * MIB,
  });
  const outer = { ...groupV2("a/b", "max", 100), ...groupV2("a", 2000, 1500) };
  assert.deepEqual(await memoryOf({ ...V2, ...outer }), {
    totalBytes: 2000 * MIB,
    freeBytes: 500 * MIB,
    limitBytes: 2000 * MIB,
  });
});

Deno.test("readSystemMemory() is never more than the machine has free, and never less than nothing", async () => {
  assert.equal(
    (await memoryOf({ ...V2, ...groupV2("a/b", 15_000, 0) })).freeBytes,
    WHOLE.freeBytes,
  );
  assert.equal((await memoryOf({ ...V2, ...groupV2("a/b", 1000, 1200, 100) })).freeBytes, 0);
  assert.equal(
    (await memoryOf({ ...V2, ...groupV2("a/b", 1000, 100, 300) })).freeBytes,
    1000 * MIB,
  );
});

Deno.test("readSystemMemory() takes no heed of a limit above what the machine has", async () => {
  assert.deepEqual(await memoryOf({ ...V2, ...groupV2("a/b", 20_000, 0) }), WHOLE);
});

Deno.test("readSystemMemory() obeys a limit of version 1", async () => {
  assert.deepEqual(await memoryOf({ ...V1, ...groupV1(2048 * MIB, 1500, 300) }), {
    totalBytes: 2048 * MIB,
    freeBytes: (2048 - 1200) * MIB,
    limitBytes: 2048 * MIB,
  });
});

Deno.test("readSystemMemory() knows how version 1 says that there is no limit", async () => {
  assert.deepEqual(await memoryOf({ ...V1, ...groupV1(9223372036854771712, 1500) }), WHOLE);
});

Deno.test("readSystemMemory() takes a group without statistics for one without cache", async () => {
  const { freeBytes } = await memoryOf({
    ...V2,
    "sys/fs/cgroup/a/b/memory.max": String(1000 * MIB),
    "sys/fs/cgroup/a/b/memory.current": String(400 * MIB),
  });
  assert.equal(freeBytes, 600 * MIB);
});

Deno.test("readSystemMemory() asks Deno where there is no /proc", async () => {
  await using empty = await machineFolder({});
  const { totalBytes, freeBytes } = readSystemMemory({ root: empty.path });
  assert.equal(totalBytes, Deno.systemMemoryInfo().total);
  assert.ok(freeBytes > 0 && freeBytes <= totalBytes, String(freeBytes));
});

Deno.test("readSystemMemory() of this machine is no more than Deno finds", () => {
  const { totalBytes, freeBytes } = readSystemMemory();
  assert.ok(totalBytes <= Deno.systemMemoryInfo().total);
  assert.ok(freeBytes > 0 && freeBytes <= totalBytes, `${freeBytes} of ${totalBytes}`);
});
