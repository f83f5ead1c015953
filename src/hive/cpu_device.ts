import type { DeviceInfo } from "../contracts/device.ts";
import { ownCgroups, readNumber, readText } from "../process/cgroup.ts";
import type { SystemMemory } from "../process/system_memory.ts";

/** What of a processor does not change while a hive runs. */
export interface Cpu {
  /** As its maker calls it; the architecture where it does not tell. */
  name: string;
  /** How many threads may run at once. */
  cores: number;
  /** In the order of {@linkcode readCpu}'s list. */
  instructionSets: string[];
}

/** What llama.cpp has code for, and what /proc/cpuinfo calls it, on x86 and on ARM. */
const INSTRUCTION_SETS: readonly [name: string, inCpuinfo: string][] = [
  ["sse3", "pni"],
  ["ssse3", "ssse3"],
  ["sse4_2", "sse4_2"],
  ["avx", "avx"],
  ["f16c", "f16c"],
  ["fma", "fma"],
  ["avx2", "avx2"],
  ["bmi2", "bmi2"],
  ["avx_vnni", "avx_vnni"],
  ["avx512f", "avx512f"],
  ["avx512bw", "avx512bw"],
  ["avx512vl", "avx512vl"],
  ["avx512_vnni", "avx512_vnni"],
  ["avx512_bf16", "avx512_bf16"],
  ["amx_tile", "amx_tile"],
  ["amx_int8", "amx_int8"],
  ["neon", "asimd"],
  ["dotprod", "asimddp"],
  ["i8mm", "i8mm"],
  ["sve", "sve"],
];

/**
 * Reads what the processor is, from /proc/cpuinfo. Without that (macOS) its name is the architecture,
 * and no instruction sets are known.
 *
 * @param options.root The folder in which `proc` is, for tests. Default: none.
 * @param options.threads How many threads the system runs at once. Default: as Deno counts them.
 */
export function readCpu(
  options: { root?: string | undefined; threads?: number | undefined } = {},
): Cpu {
  const text = readText(`${options.root ?? ""}/proc/cpuinfo`) ?? "";
  const known = new Set(field(text, "flags|Features")?.split(" "));
  const threads = options.threads ?? navigator.hardwareConcurrency;
  return {
    name: field(text, "model name") ?? field(text, "Model|Hardware") ?? Deno.build.arch,
    cores: Math.max(1, Math.min(threads, Math.floor(cpuQuota(options)))),
    instructionSets: INSTRUCTION_SETS.filter(([, name]) => known.has(name)).map(([name]) => name),
  };
}

/** The processor as a device, with the memory that it has now. */
export function cpuDevice(cpu: Cpu, memory: SystemMemory): DeviceInfo {
  return {
    device: "cpu",
    kind: "cpu",
    name: cpu.name,
    total_bytes: memory.totalBytes,
    free_bytes: memory.freeBytes,
    cores: cpu.cores,
    instruction_sets: cpu.instructionSets,
    ...(memory.limitBytes !== undefined && { limit_bytes: memory.limitBytes }),
  };
}

/**
 * How many processors' time this process may use: the least that its control groups grant, `cpu.max`
 * in cgroup-v2.rst, `cpu.cfs_quota_us` in version 1. Infinite without a limit.
 */
function cpuQuota(options: { root?: string | undefined }): number {
  const quotas = ownCgroups("cpu", options).map((cgroup) => {
    const [quota, period] = cgroup.version === 2
      ? (readText(`${cgroup.folder}/cpu.max`) ?? "").trim().split(" ").map(Number)
      : [readNumber(cgroup, "cpu.cfs_quota_us"), readNumber(cgroup, "cpu.cfs_period_us")];
    // "max" is no number, and version 1 says -1.
    return quota! > 0 && period! > 0 ? quota! / period! : Infinity;
  });
  return Math.min(Infinity, ...quotas);
}

function field(text: string, names: string): string | undefined {
  return new RegExp(`^(?:${names})\\s*: *(\\S.*?)\\s*$`, "m").exec(text)?.[1];
}
