/**
 * How many files and connections this process may have open at once: its soft limit, as proc_pid_limits(5)
 * tells it. Infinity where there is none; undefined where the system does not tell.
 */
export function openFileLimit(): number | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync("/proc/self/limits");
  } catch {
    return undefined;
  }
  const soft = /^Max open files +(\S+)/m.exec(text)?.[1];
  if (soft === "unlimited") return Infinity;
  const limit = Number(soft);
  return Number.isInteger(limit) ? limit : undefined;
}
