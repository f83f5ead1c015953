/**
 * A command that runs another one for as long as its own standard input is open: when that closes, as
 * it does when this process dies, the other is sent SIGTERM. Its exit code is the other's.
 */
export function withLifeline(
  program: string,
  args: readonly string[],
): { program: string; args: string[] } {
  // The watcher must not signal what may be another process by then: as long as the shell waits, the
  // child's pid is the child's.
  const script = 'exec 3<&0; "$@" </dev/null 3<&- & child=$!; ' +
    "{ while read -r _; do :; done; kill -0 $$ && kill -TERM $child; } <&3 >/dev/null 2>&1 3<&- & " +
    "wait $child";
  return { program: "/bin/sh", args: ["-c", script, "rbee", program, ...args] };
}
