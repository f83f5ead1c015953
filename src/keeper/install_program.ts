import { RbeeError } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";
import { copyToHost } from "../ssh/copy_file.ts";
import { type RemoteResult, runRemoteScript } from "../ssh/remote_command.ts";
import { probeHost, type RemoteHost } from "../ssh/remote_host.ts";
import { remotePath } from "../ssh/remote_path.ts";
import { type RemoteRbee, runRemoteRbee } from "../ssh/remote_rbee.ts";
import type { ProgramToInstall } from "./own_program.ts";

/** What an installation has done. */
export interface Installation {
  /** False when the same was there already. */
  copied: boolean;
  path: string;
  /** What it says to `--version` there. */
  version: string;
}

/** What Deno's own libraries ask for. */
const GLIBC = [2, 27] as const;
/** The copy, and what it unpacks into the cache folder at its first start. */
const ROOM_TIMES = 5;
const MIB = 2 ** 20;

// What earlier versions have unpacked, each of 140 MB, unless something still runs there.
const SWEEP = [
  'cache=${RBEE_HOME:+$RBEE_HOME/cache}; : "${cache:=${XDG_CACHE_HOME:-$HOME/.cache}/rbee}"',
  'for old in "$cache"/program-*; do if [ -d "$old" ] && ' +
  '! ls -l /proc/[0-9]*/exe 2>/dev/null | grep -qF "$old/"; then rm -rf "$old"; fi; done',
].join("; ");

// From the home folder, where the copy is, to its place: there under a name of its own first, since a
// move from another disk is not one step. Whatever happens, nothing of the copy is left elsewhere.
const PLACE = [
  "set -e",
  'trap \'rm -f "./$1" "$2.$1"\' EXIT',
  "trap 'exit 1' HUP INT TERM",
  'find . -maxdepth 1 -name ".rbee-*.part" -mmin +60 -exec rm -f {} +',
  'sum=$(sha256sum "./$1" 2>/dev/null || shasum -a 256 "./$1")',
  'if [ "${sum%% *}" != "$3" ]; then exit 3; fi',
  'chmod 755 "./$1"',
  SWEEP,
  'case $("./$1" --version </dev/null) in [0-9]*.[0-9]*.[0-9]*" ("*) ;; *) exit 4 ;; esac',
  'mkdir -p "$(dirname "$2")"',
  'mv -f "./$1" "$2.$1"',
  'mv -f "$2.$1" "$2"',
].join("; ");
const DAMAGED = 3;
const NOT_RBEE = 4;

/** Takes away what earlier versions have unpacked on a host, unless something still runs there. */
export async function sweepPrograms(
  { host }: RemoteRbee,
  options: { signal: AbortSignal },
): Promise<void> {
  await runRemoteScript(host, SWEEP, options);
}

/**
 * Installs rbee on a host: looks what that is, copies the executable where it is not there already,
 * compares its sum, and puts it in its place in one step. Says what it does.
 *
 * @throws {RbeeError} `wrong_platform` If it could not run there, `remote_disk_full` If it would not
 * fit, both before anything is copied; `damaged` If what arrived is something else; `ssh_…`.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function installProgram(
  rbee: RemoteRbee,
  program: ProgramToInstall,
  options: { signal: AbortSignal },
): Promise<Installation> {
  const { name, host, path } = rbee;
  const { signal } = options;
  narrate("install", `Looking at the machine of hive ${name}`, { fields: { hive: name } });
  const there = await probeHost(host, { program: path, signal });
  requireFit(name, there, program);
  if (there.hasFolder) {
    throw new RbeeError(
      "install_failed",
      `${path} is a folder on the machine of hive "${name}"; name a file with --path, such as ${
        path.replace(/(?<!\/)\/+$/, "")
      }/rbee`,
    );
  }
  const copied = there.installed?.sha256 !== program.sha256;
  if (copied) {
    await copy(rbee, program, there, signal);
  } else {
    narrate("install", `The same rbee is there already, at ${path}`, { fields: { hive: name } });
  }
  const { stdout, stderr, code } = await runRemoteRbee(rbee, ["--version"], { signal });
  const version = stdout.trim();
  if (code !== 0 || version === "") {
    throw new RbeeError(
      "install_failed",
      `rbee does not run on the machine of hive "${name}": ${stderr.trim().split("\n").at(-1)}`,
    );
  }
  return { copied, path, version };
}

async function copy(
  { name, host, path }: RemoteRbee,
  { path: localPath, bytes, sha256 }: ProgramToInstall,
  { installed }: RemoteHost,
  signal: AbortSignal,
): Promise<void> {
  const part = `.rbee-${crypto.randomUUID()}.part`;
  const what = installed === undefined
    ? "Copying rbee"
    : `Replacing rbee ${installed.version ?? "that does not run"}`;
  const total = Math.round(bytes / MIB);
  let said = -1;
  await copyToHost(host, { localPath, remoteName: part }, {
    signal,
    onProgress({ current }) {
      const percent = Math.floor(current / bytes * 100);
      // Ten lines in a file; a terminal draws over the one that is under way.
      const step = Deno.stderr.isTerminal() ? percent : Math.floor(percent / 10);
      if (step === said) return;
      said = step;
      narrate(
        "install",
        `${what} on ${name}: ${percent} % of ${total} MiB`,
        { fields: { hive: name }, progress: { current, total: bytes, unit: "bytes" } },
      );
    },
  });
  const placed = await runRemoteScript(host, PLACE, {
    args: [part, remotePath(path), sha256],
    signal,
  }).catch(async (error: unknown) => {
    // The person has pressed Ctrl-C, or the connection broke, before the script could begin.
    await runRemoteScript(host, 'rm -f "./$1"', { args: [part] }).catch(() => undefined);
    throw error;
  });
  if (placed.code !== 0) throw notPlaced({ name, path }, placed);
  narrate("install", `Installed rbee at ${path}`, { fields: { hive: name } });
}

function notPlaced(
  { name, path }: Pick<RemoteRbee, "name" | "path">,
  { code, stderr }: RemoteResult,
): RbeeError {
  if (code === DAMAGED) {
    return new RbeeError("damaged", `The copy on ${name} was damaged on its way; install it again`);
  }
  const last = stderr.trim().split("\n").at(-1) ?? "";
  if (/No space left|quota exceeded/i.test(stderr)) {
    return new RbeeError(
      "remote_disk_full",
      `The disk of hive "${name}" is full where ${path} is to be; free some there, or name another with --path`,
    );
  }
  if (code === NOT_RBEE) {
    const why = last === "" ? "it does not tell its version" : last.replace(/^Error: /, "");
    return new RbeeError(
      "install_failed",
      `What was copied does not run as rbee on the machine of hive "${name}" (${why}), and was removed; name another with --program`,
    );
  }
  const why = /Permission denied/i.test(last) ? "its user may not write there" : last;
  return new RbeeError(
    "install_failed",
    `Cannot put rbee at ${path} on the machine of hive "${name}": ${why}; name another with --path`,
  );
}

function requireFit(name: string, there: RemoteHost, program: ProgramToInstall): void {
  const refuse = (why: string) =>
    new RbeeError("wrong_platform", `Hive "${name}" cannot have this rbee: ${why}`);
  if (there.os !== "Linux" || there.arch !== program.arch) {
    throw refuse(
      `its machine is ${there.os} on ${there.arch}, and the executable is for Linux on ${program.arch}; build one there and name it with --program`,
    );
  }
  const [major = 0, minor = 0] = there.glibc?.split(".").map(Number) ?? [];
  const isEnough = major > GLIBC[0] || major === GLIBC[0] && minor >= GLIBC[1];
  if (!isEnough) {
    throw refuse(
      `it needs glibc ${GLIBC.join(".")}, and its machine has ${there.glibc ?? "none"}`,
    );
  }
  const wanted = program.bytes * ROOM_TIMES;
  if (there.freeBytes === undefined || there.freeBytes >= wanted) return;
  const [free, needed] = [there.freeBytes, wanted].map((bytes) => Math.ceil(bytes / MIB));
  throw new RbeeError(
    "remote_disk_full",
    `The disk of hive "${name}" has ${free} MiB free and rbee needs ${needed} MiB; free some there`,
  );
}
