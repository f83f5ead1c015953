import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";
import { runRemoteScript } from "../ssh/remote_command.ts";
import type { RemoteRbee } from "../ssh/remote_rbee.ts";
import { runThere } from "./remote_hive.ts";

// By its pid file, where the program is gone that could do it better; start time and executable must be
// the ones that the file names, as in process/pid_file.ts. 40 s are what its workers may take.
const STOP = [
  'state=${RBEE_HOME:+$RBEE_HOME/state}; : "${state:=${XDG_STATE_HOME:-$HOME/.local/state}/rbee}"',
  'pid=$(sed -n "s/^{\\"pid\\": *\\([0-9][0-9]*\\).*/\\1/p" "$state/hive.pid" 2>/dev/null)',
  'if [ -z "$pid" ]; then exit 0; fi',
  'begun=$(sed -n "s/.*\\"start_time\\": *\\"\\([0-9]*\\)\\".*/\\1/p" "$state/hive.pid")',
  'exe=$(sed -n "s/.*\\"executable\\": *\\"\\([^\\"]*\\)\\".*/\\1/p" "$state/hive.pid")',
  'now=$(sed "s/.*) //" "/proc/$pid/stat" 2>/dev/null | cut -d " " -f 20)',
  'if [ -z "$begun" ] || [ "$begun" != "$now" ]; then exit 0; fi',
  'link=$(readlink "/proc/$pid/exe"); if [ "$exe" != "${link% (deleted)}" ]; then exit 0; fi',
  'if ! tr "\\000" " " <"/proc/$pid/cmdline" 2>/dev/null | grep -q "serve --role hive"; then exit 0; fi',
  'kill -TERM "$pid"; n=0',
  'while kill -0 "$pid" 2>/dev/null; do n=$((n + 1)); [ $n -le 400 ] || exit 3; sleep 0.1; done',
  "echo stopped",
].join("; ");

/**
 * Stops the hive of another machine with its workers, also where its program has been removed. Returns
 * whether one ran.
 *
 * @throws {RbeeError} `stop_failed` If it does not end; `ssh_…`.
 */
export async function stopThere(
  rbee: RemoteRbee,
  options: { signal: AbortSignal },
): Promise<boolean> {
  try {
    const { stdout } = await runThere(rbee, ["hive", "stop", "--json"], options);
    return stdout.includes("true");
  } catch (error) {
    if (toRbeeError(error).code !== "rbee_not_installed") throw error;
  }
  const { code, stdout } = await runRemoteScript(rbee.host, STOP, options);
  if (code !== 0) {
    throw new RbeeError(
      "stop_failed",
      `Hive "${rbee.name}" was told to end, and has not after 40 s`,
    );
  }
  const ran = stdout.includes("stopped");
  const how = ran ? "the hive was ended by its process" : "no hive runs there";
  narrate("hive_stop", `There is no rbee at ${rbee.path}; ${how}`, { fields: { hive: rbee.name } });
  return ran;
}
