import { type Cgroup, ownCgroups, readNumber, readText } from "./cgroup.ts";

/** The machine's memory, as this process may use it. In bytes. */
export interface SystemMemory {
  /** The machine's, or what its container may use where that is less. */
  totalBytes: number;
  /** What can be taken without swapping, and without being killed for it. */
  freeBytes: number;
  /** What the container may use, where it is limited below what the machine has. */
  limitBytes?: number;
}

/**
 * Reads how much memory there is, and how much is free: `MemAvailable` of proc_meminfo(5), lowered by
 * the limits of this process's control groups, its own and all above it. What a group uses is counted
 * without the page cache that the kernel would give back (`inactive_file`), as cgroup-v2.rst describes
 * `memory.max`, `memory.current` and `memory.stat`, and cgroup-v1/memory.rst their older forms.
 *
 * Cheap enough for every second: a few small files of the kernel's. A model that another process has
 * mapped is page cache, and counts as free.
 *
 * @param options.root The folder in which `proc` and the control groups are, for tests. Default: none.
 */
export function readSystemMemory(options: { root?: string | undefined } = {}): SystemMemory {
  const machine = machineMemory(options.root ?? "");
  let { totalBytes, freeBytes } = machine;
  let limitBytes: number | undefined;
  for (const cgroup of ownCgroups("memory", options)) {
    const limit = readNumber(cgroup, cgroup.version === 2 ? "memory.max" : "memory.limit_in_bytes");
    // Version 1 says "no limit" with a number that no machine has.
    if (limit === undefined || limit >= machine.totalBytes) continue;
    limitBytes = Math.min(limit, limitBytes ?? limit);
    freeBytes = Math.min(freeBytes, Math.max(0, limit - usedBytes(cgroup)));
  }
  if (limitBytes === undefined) return { totalBytes, freeBytes };
  totalBytes = limitBytes;
  return { totalBytes, freeBytes, limitBytes };
}

function machineMemory(root: string): { totalBytes: number; freeBytes: number } {
  const text = readText(`${root}/proc/meminfo`) ?? "";
  const total = kilobytes(text, "MemTotal");
  const available = kilobytes(text, "MemAvailable");
  if (total !== undefined && available !== undefined) {
    return { totalBytes: total, freeBytes: available };
  }
  const { total: totalBytes, available: freeBytes } = Deno.systemMemoryInfo();
  return { totalBytes, freeBytes };
}

/** What a group uses and could not be made to give back, in bytes. */
function usedBytes(cgroup: Cgroup): number {
  const [usage, cache] = cgroup.version === 2
    ? ["memory.current", "inactive_file"]
    : ["memory.usage_in_bytes", "total_inactive_file"];
  const stat = readText(`${cgroup.folder}/memory.stat`) ?? "";
  const reclaimable = Number(new RegExp(`^${cache} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
  return Math.max(0, (readNumber(cgroup, usage!) ?? 0) - reclaimable);
}

function kilobytes(text: string, name: string): number | undefined {
  const count = new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1];
  return count === undefined ? undefined : Number(count) * 1024;
}
