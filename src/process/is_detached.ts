/**
 * Whether this process is a daemon: the first of a session of its own, which no terminal controls. To
 * such a one SIGHUP cannot say that its terminal has gone.
 * See proc_pid_stat(5), fields 6 and 7. Where there is no /proc: false.
 */
export function isDetached(): boolean {
  try {
    const stat = Deno.readTextFileSync("/proc/self/stat");
    const [, , , session, terminal] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(session) === Deno.pid && terminal === "0";
  } catch {
    return false;
  }
}
