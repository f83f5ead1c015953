/**
 * How often the kernel has killed a process of this machine for want of memory since it was booted;
 * undefined where it does not tell. See proc_vmstat(5), `oom_kill`.
 */
export function oomKills(): number | undefined {
  try {
    const count = /^oom_kill (\d+)$/m.exec(Deno.readTextFileSync("/proc/vmstat"))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}
