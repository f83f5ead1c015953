/** The most that a process has held in memory so far, in MiB. See proc_pid_status(5). */
export async function mostMemoryMib(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
