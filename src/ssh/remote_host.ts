import { RbeeError } from "../base/rbee_error.ts";
import { formatDestination } from "./destination.ts";
import { runRemoteScript } from "./remote_command.ts";
import { remotePath } from "./remote_path.ts";
import type { SshHost } from "./ssh_arguments.ts";

/** A program that is installed on a host. */
export interface InstalledProgram {
  /** Hexadecimal; undefined where the host has no program that tells it. */
  sha256: string | undefined;
  /** The first line that `--version` prints; undefined when it fails. */
  version: string | undefined;
}

/** What a host is. */
export interface RemoteHost {
  /** `uname -s`: `Linux`, `Darwin`. */
  os: string;
  /** `uname -m`: `x86_64`, `aarch64`, `arm64`. */
  arch: string;
  /** `2.36`; undefined where there is none, as with musl. */
  glibc: string | undefined;
  /** The home folder of the user there. */
  home: string;
  /** Bytes that are free where the home folder is; undefined if `df` does not tell. */
  freeBytes: number | undefined;
  /**
   * Whether it has `scp` or OpenSSH's server for sftp. Without either it may still take files: an
   * sshd can have that built in.
   */
  hasScp: boolean;
  /** Whether there is a folder where the program is looked for. */
  hasFolder: boolean;
  /** The program that was asked for, if it is there. */
  installed: InstalledProgram | undefined;
}

// One line each, `rbee-KEY=VALUE`, so that what a login shell prints by itself is told apart. With
// `--version` only the first line counts, and a program that waits for input gets none.
const PROBE = [
  'say() { printf "rbee-%s=%s\\n" "$1" "$2"; }',
  'say os "$(uname -s)"',
  'say arch "$(uname -m)"',
  'say glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null)"',
  'say home "$HOME"',
  'say free "$(df -Pk "$HOME" 2>/dev/null | awk "NR==2 {print \\$4}")"',
  "for file in /usr/lib/openssh /usr/libexec/openssh /usr/libexec /usr/lib/ssh /usr/lib; do " +
  'if [ -x "$file/sftp-server" ]; then say scp yes; fi; done',
  "if command -v scp >/dev/null; then say scp yes; fi",
  'if [ -d "$1" ]; then say folder yes; fi',
  'if [ -f "$1" ]; then say program yes',
  'sum=$(sha256sum "$1" 2>/dev/null || shasum -a 256 "$1" 2>/dev/null)',
  'say sha256 "${sum%% *}"',
  'if version=$("$1" --version 2>/dev/null </dev/null); then say version "$version"; fi',
  "fi",
].join("; ");

/**
 * Asks a host what it is and what is installed there, in one connection.
 *
 * @param options `program` is the path of the program that is looked for, by default
 * `~/.local/bin/rbee`. `signal` ends the question.
 * @throws {RbeeError} `bad_answer` If the host has no shell that answers; otherwise what
 * {@linkcode runRemote} throws.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function probeHost(
  host: SshHost,
  options: { program?: string; signal?: AbortSignal | undefined } = {},
): Promise<RemoteHost> {
  const { stdout, code } = await runRemoteScript(host, PROBE, {
    args: [remotePath(options.program ?? "~/.local/bin/rbee")],
    signal: options.signal,
  });
  const said = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const [, key, value] = /^rbee-(\w+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value && !said.has(key)) said.set(key, value);
  }
  const [os, arch, home] = ["os", "arch", "home"].map((key) => said.get(key));
  if (os === undefined || arch === undefined || home === undefined) {
    const name = formatDestination(host.destination);
    throw new RbeeError(
      "bad_answer",
      `${name} did not say what it is (exit ${code}): check that its user has a POSIX shell, ` +
        `then type: ssh ${name} uname -a`,
    );
  }
  const free = said.get("free");
  return {
    os,
    arch,
    home,
    glibc: /^glibc (\S+)/.exec(said.get("glibc") ?? "")?.[1],
    freeBytes: free !== undefined && /^\d+$/.test(free) ? Number(free) * 1024 : undefined,
    hasScp: said.has("scp"),
    hasFolder: said.has("folder"),
    installed: said.has("program") ? installed(said) : undefined,
  };
}

function installed(said: ReadonlyMap<string, string>): InstalledProgram {
  const sum = said.get("sha256");
  return {
    sha256: sum !== undefined && /^[0-9a-f]{64}$/.test(sum) ? sum : undefined,
    version: said.get("version"),
  };
}
