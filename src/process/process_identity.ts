/**
 * When the kernel started process `pid`, in clock ticks since boot, as text; null when there is no
 * such process or no /proc. Together with the pid it names a process for good, since pids are reused.
 * See proc_pid_stat(5), field 22.
 */
export function processStartTime(pid: number): string | null {
  const fields = statFields(pid);
  return fields?.[19] ?? null;
}

/** The program that process `pid` runs; null when it cannot be known. */
export function processExecutable(pid: number): string | null {
  try {
    return Deno.readLinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "");
  } catch {
    return null;
  }
}

/** Whether process `pid` is there and is no zombie. */
export function isAlive(pid: number): boolean {
  const fields = statFields(pid);
  if (fields !== undefined) return fields[0] !== "Z" && fields[0] !== "X";
  if (hasProc()) return false;
  try {
    // Without /proc (macOS): a signal that every process ignores by default.
    Deno.kill(pid, "SIGWINCH");
    return true;
  } catch (error) {
    return error instanceof Deno.errors.PermissionDenied;
  }
}

/** The fields of /proc/PID/stat after the command's name, which may itself hold spaces. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function hasProc(): boolean {
  try {
    Deno.statSync("/proc/self/stat");
    return true;
  } catch {
    return false;
  }
}
