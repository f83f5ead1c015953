import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { CopyProgress } from "./copy_progress.ts";
import { withLifeline } from "./lifeline.ts";
import { runRemoteScript } from "./remote_command.ts";
import { scpArguments, type SshHost } from "./ssh_arguments.ts";
import { noSshError, remoteDiskFullError, sshError } from "./ssh_errors.ts";
import { startSsh } from "./ssh_process.ts";

/** How a file is copied. */
export interface CopyOptions {
  /**
   * Gets how many bytes have been read, five times a second where the system tells (Linux), and once
   * at the end. Never goes back. Must not throw.
   */
  onProgress?: ((progress: { current: number; total: number }) => void) | undefined;
  /** Ends the copy. */
  signal?: AbortSignal | undefined;
}

const PROGRESS_MS = 200;
const CLEAN_UP_MS = 10_000;
const MAX_LINES = 100;
const NOT_FOUND = 127;
const SAFE_NAME = /^[A-Za-z0-9._][A-Za-z0-9._/-]*$/;
// Prints the KiB that are there and those that still fit, then removes what is there. After a failure
// scp leaves a file of full length with holes, so that its length does not count.
const CLEAN_UP = 'du -k "./$1" | awk "{print \\$1}"; ' +
  'df -Pk "./$1" | awk "NR==2 {print \\$4}"; rm -f -- "./$1"';

/**
 * Copies a file to a host by `scp`, over what is there. After a failure or an abort what has arrived
 * is removed again, as far as the host can still be reached.
 *
 * @param localPath A path on this machine.
 * @param remoteName Relative to the home folder there: letters, digits and `._-/`, without `..`.
 * @throws {RbeeError} `bad_remote_name` If `remoteName` has other characters.
 * @throws {RbeeError} `cannot_read` If there is no such local file.
 * @throws {RbeeError} `remote_disk_full` If it does not fit there; `no_scp` If the host takes no files;
 * otherwise what {@linkcode sshError} tells; `no_ssh` if there is no `scp` here.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function copyToHost(
  host: SshHost,
  files: { localPath: string; remoteName: string },
  options: CopyOptions = {},
): Promise<void> {
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  const { remoteName } = files;
  if (!SAFE_NAME.test(remoteName) || remoteName.split("/").includes("..")) {
    throw new RbeeError(
      "bad_remote_name",
      `Cannot copy to "${remoteName}": use letters, digits, dots, hyphens and slashes alone`,
    );
  }
  const { path: localPath, total } = await localFile(files.localPath);
  const said: string[] = [];
  const scp = startSsh(host, {
    ...withLifeline("scp", scpArguments(host, { localPath, remoteName })),
    onLine(_, line) {
      // Said after the reason.
      if (said.length < MAX_LINES && !line.includes("failed to upload file")) said.push(line);
    },
    signal,
  });
  const stopWatching = onProgress && watch(scp.child.pid, localPath, (current) => {
    onProgress({ current: Math.min(current, total), total });
  });
  const { code } = await scp.ended;
  stopWatching?.();
  if (code === 0 && !signal?.aborted) return onProgress?.({ current: total, total });
  if (code === NOT_FOUND) throw noSshError("scp");
  const error = await sshError(host, said);
  const isFull = await cleanUp(host, remoteName, total);
  signal?.throwIfAborted();
  throw isFull && error.code === "ssh_failed" ? remoteDiskFullError(host) : error;
}

function watch(pid: number, path: string, onRead: (bytes: number) => void): () => void {
  const progress = new CopyProgress(pid, path);
  let last = -1;
  const timer = setInterval(() => {
    const current = progress.read();
    if (current === undefined || current <= last) return;
    last = current;
    onRead(current);
  }, PROGRESS_MS);
  return () => clearInterval(timer);
}

/** Removes what has arrived, and tells whether the rest would not have fit. */
async function cleanUp(host: SshHost, name: string, total: number): Promise<boolean> {
  const quiet = {
    // Nobody waits to be asked a second time for what has failed.
    ...host,
    interactive: false,
    connectTimeoutS: Math.min(host.connectTimeoutS ?? 5, 5),
  };
  try {
    const { stdout } = await runRemoteScript(quiet, CLEAN_UP, {
      args: [name],
      signal: AbortSignal.timeout(CLEAN_UP_MS),
    });
    const [there, free] = stdout.split("\n").slice(-2).map((line) => Number(line.trim()));
    // The protocol of sftp has no word for a full disk: the server says "Failure".
    return there !== undefined && free !== undefined && (there + free) * 1024 < total;
  } catch {
    // The error of the copy is what is told.
    return false;
  }
}

async function localFile(path: string): Promise<{ path: string; total: number }> {
  try {
    const real = await Deno.realPath(path);
    const { isFile, size } = await Deno.stat(real);
    if (isFile) return { path: real, total: size };
  } catch (error) {
    throw new RbeeError("cannot_read", `Cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  throw new RbeeError("cannot_read", `Cannot copy ${path}: it is no file`);
}
