import assert from "node:assert/strict";
import { deviceInfoSchema } from "../../src/contracts/device.ts";
import { type Cpu, cpuDevice, readCpu } from "../../src/hive/cpu_device.ts";
import { machineFolder, mountOfV1, mountOfV2 } from "../helpers/machine_folder.ts";

const X86 = `processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
flags\t\t: fpu sse sse2 pni ssse3 fma sse4_1 sse4_2 avx f16c avx2 bmi1 bmi2 avx512f avx512bw avx512vl avx_vnni avx512_bf16 avx512_vnni amx_bf16 amx_tile amx_int8
bugs\t\t: spectre_v1

processor\t: 1
vendor_id\t: GenuineIntel
model name\t: another
flags\t\t: fpu
`;
const ARM = `processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes asimdrdm asimddp i8mm
CPU implementer\t: 0x41

Revision\t: d04170
Model\t\t: Raspberry Pi 5 Model B Rev 1.0
`;
const V2 = { "proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": mountOfV2() };

async function cpuOf(files: Record<string, string>, threads = 8): Promise<Cpu> {
  await using machine = await machineFolder(files);
  return readCpu({ root: machine.path, threads });
}

Deno.test("readCpu() names an x86 processor and what matters of its instruction sets", async () => {
  assert.deepEqual(await cpuOf({ "proc/cpuinfo": X86 }), {
    name: "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz",
    cores: 8,
    instructionSets: [
      "sse3",
      "ssse3",
      "sse4_2",
      "avx",
      "f16c",
      "fma",
      "avx2",
      "bmi2",
      "avx_vnni",
      "avx512f",
      "avx512bw",
      "avx512vl",
      "avx512_vnni",
      "avx512_bf16",
      "amx_tile",
      "amx_int8",
    ],
  });
});

Deno.test("readCpu() names an ARM machine, whose processors have no names", async () => {
  assert.deepEqual(await cpuOf({ "proc/cpuinfo": ARM }), {
    name: "Raspberry Pi 5 Model B Rev 1.0",
    cores: 8,
    instructionSets: ["neon", "dotprod", "i8mm"],
  });
});

Deno.test("readCpu() gives the architecture where there is no /proc", async () => {
  assert.deepEqual(await cpuOf({}, 10), {
    name: Deno.build.arch,
    cores: 10,
    instructionSets: [],
  });
});

Deno.test("readCpu() of this machine counts its threads", () => {
  const { name, cores } = readCpu();
  assert.notEqual(name, "");
  assert.ok(cores >= 1 && cores <= navigator.hardwareConcurrency, String(cores));
});

Deno.test("readCpu() counts no more cores than the container's quota, whole ones", async () => {
  const quota = (own: string, above: string) =>
    cpuOf({
      ...V2,
      "sys/fs/cgroup/a/b/cpu.max": `${own}\n`,
      "sys/fs/cgroup/a/cpu.max": `${above}\n`,
    });
  for (
    const [own, above, cores] of [
      ["max 100000", "max 100000", 8],
      ["400000 100000", "max 100000", 4],
      ["max 100000", "350000 100000", 3],
      ["600000 100000", "100000 50000", 2],
      ["50000 100000", "max 100000", 1],
      ["1600000 100000", "max 100000", 8],
      ["what", "", 8],
    ] as const
  ) {
    assert.equal((await quota(own, above)).cores, cores, `${own} in ${above}`);
  }
});

Deno.test("readCpu() obeys a quota of version 1", async () => {
  const files = (quota: number) => ({
    "proc/self/cgroup": "9:cpu:/docker/3f2a\n",
    "proc/self/mountinfo": mountOfV1("cpu", "/docker/3f2a"),
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": `${quota}\n`,
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
  });
  assert.equal((await cpuOf(files(200_000))).cores, 2);
  assert.equal((await cpuOf(files(-1))).cores, 8);
});

Deno.test("cpuDevice() is a device of the contract, with a limit where there is one", () => {
  const cpu = { name: "A", cores: 4, instructionSets: ["avx2"] };
  const device = cpuDevice(cpu, { totalBytes: 100, freeBytes: 40 });
  assert.deepEqual(deviceInfoSchema.parse(device), {
    device: "cpu",
    kind: "cpu",
    name: "A",
    total_bytes: 100,
    free_bytes: 40,
    cores: 4,
    instruction_sets: ["avx2"],
  });
  const limited = cpuDevice(cpu, { totalBytes: 50, freeBytes: 40, limitBytes: 50 });
  assert.equal(deviceInfoSchema.parse(limited).limit_bytes, 50);
});
