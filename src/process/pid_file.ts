import { cannotWrite } from "../base/file_error.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { type PidFile, pidFileSchema } from "../contracts/pid_file.ts";
import { isAlive, processExecutable, processStartTime } from "./process_identity.ts";

/**
 * Makes sure that no other process runs for this pid file.
 *
 * @throws {RbeeError} `already_running` If the file names a process that still runs.
 */
export async function requireNotRunning(path: string): Promise<void> {
  const other = await readPidFile(path);
  if (other === undefined || other.pid === Deno.pid || !isSameProcess(other)) return;
  throw new RbeeError(
    "already_running",
    `Another one already runs for this home: process ${other.pid} at ${other.url}; stop it first, or set RBEE_HOME`,
    { details: { pid: other.pid, url: other.url } },
  );
}

/**
 * Writes the pid file of this process, replacing one that is left from a process that has ended.
 *
 * @throws {RbeeError} `already_running` If the file names a process that still runs.
 */
export async function writePidFile(
  path: string,
  own: { instance: string; url: string; local_url?: string | undefined },
): Promise<PidFile> {
  await requireNotRunning(path);
  const file: PidFile = {
    pid: Deno.pid,
    start_time: processStartTime(Deno.pid),
    executable: processExecutable(Deno.pid),
    ...own,
  };
  // Renamed into place, so that nobody reads half of it.
  const temporary = `${path}.${Deno.pid}`;
  try {
    await Deno.writeTextFile(temporary, JSON.stringify(file) + "\n", { mode: 0o600 });
    await Deno.rename(temporary, path);
  } catch (error) {
    throw cannotWrite(path, error);
  }
  return file;
}

/** Reads a pid file; undefined when there is none or it is not one of ours. */
export async function readPidFile(path: string): Promise<PidFile | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new RbeeError("cannot_read_file", `Cannot read ${path}: ${String(error)}`);
  }
  try {
    return pidFileSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote the file still runs: same pid, start time and executable. */
export function isSameProcess(file: PidFile): boolean {
  if (!isAlive(file.pid)) return false;
  const startTime = processStartTime(file.pid);
  const executable = processExecutable(file.pid);
  // Where neither can be seen, the health of the role must tell the rest.
  if (startTime === null && executable === null) return true;
  return startTime === file.start_time && executable === file.executable;
}

/** Removes the file when it is this process's own. */
export async function removePidFile(path: string): Promise<void> {
  const file = await readPidFile(path);
  if (file?.pid !== Deno.pid) return;
  await Deno.remove(path);
}

/**
 * Signals the process that wrote the file, after checking that it is still that one. Returns false
 * when it has ended.
 *
 * @throws {RbeeError} `not_permitted` If it is another user's.
 * @throws {RbeeError} `not_identified` If start time and executable cannot be known on this system.
 */
export function signalProcess(file: PidFile, signal: "SIGTERM" | "SIGKILL"): boolean {
  if (!isSameProcess(file)) return false;
  if (processStartTime(file.pid) === null || processExecutable(file.pid) === null) {
    throw new RbeeError(
      "not_identified",
      `Process ${file.pid} may be another by now, which cannot be told here; end it yourself`,
    );
  }
  try {
    Deno.kill(file.pid, signal);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) return false;
    throw new RbeeError("not_permitted", `Cannot signal process ${file.pid}: it is another user's`);
  }
}
