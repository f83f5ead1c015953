import { formatDestination, type SshDestination } from "./destination.ts";

/** A machine behind ssh, and how it may be reached. */
export interface SshHost {
  destination: SshDestination;
  /** Whether a host key that was never seen is accepted and kept. Default false: it is refused. */
  acceptNewHostKey?: boolean | undefined;
  /**
   * Whether ssh may ask the person for a passphrase or a touch of a hardware key on the terminal. For
   * commands in the foreground alone. Default false: it fails rather than asks.
   */
  interactive?: boolean | undefined;
  /** How long a connection may take, in seconds. Default 10. */
  connectTimeoutS?: number | undefined;
  /** The environment of `ssh` and `scp`, its PATH included. Default: this process's own. */
  env?: Readonly<Record<string, string>> | undefined;
}

/** What follows the common options of `ssh`. */
export interface SshCommandLine {
  /** Further options, before the host. */
  options?: readonly string[];
  /** One line for the login shell of the host. */
  command?: string;
}

/**
 * The arguments of `ssh` for a host. The person's own configuration (names, keys, ProxyJump, Include,
 * ControlPath) stays in force; set here is what an unattended run needs. A `RemoteCommand` configured
 * for the host is left out, since ours takes its place. See ssh_config(5).
 */
export function sshArguments(host: SshHost, line: SshCommandLine = {}): string[] {
  const { user, host: name, port } = host.destination;
  return [
    "-T",
    ...commonOptions(host),
    "-o",
    "RemoteCommand=none",
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...line.options ?? [],
    "--",
    user === undefined ? name : `${user}@${name}`,
    ...(line.command === undefined ? [] : [line.command]),
  ];
}

/**
 * The arguments of `scp` that copy one local file to the home folder of a host.
 *
 * @param files `localPath` must be absolute, so that a colon in it does not name a host; `remoteName`
 * must be made of characters that no shell gives a meaning, since older servers have it read by one.
 */
export function scpArguments(
  host: SshHost,
  files: { localPath: string; remoteName: string },
): string[] {
  const { port, ...destination } = host.destination;
  const bracketed = destination.host.includes(":")
    ? { ...destination, host: `[${destination.host}]` }
    : destination;
  return [
    ...commonOptions(host),
    ...(port === undefined ? [] : ["-P", String(port)]),
    "--",
    files.localPath,
    `${formatDestination(bracketed)}:${files.remoteName}`,
  ];
}

/**
 * The environment of `ssh` and `scp`: the host's, or this process's own without its `RBEE_` values,
 * which the person's SendEnv could carry away.
 */
export function sshEnvironment(host: SshHost): Record<string, string> {
  const entries = Object.entries(host.env ?? Deno.env.toObject());
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith("RBEE_")));
}

function commonOptions(host: SshHost): string[] {
  const settings = [
    ...(host.interactive ? [] : ["BatchMode=yes"]),
    `ConnectTimeout=${host.connectTimeoutS ?? 10}`,
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    `StrictHostKeyChecking=${host.acceptNewHostKey ? "accept-new" : "yes"}`,
    // A person's QUIET would leave nothing to tell one failure from another.
    "LogLevel=INFO",
  ];
  return settings.flatMap((setting) => ["-o", setting]);
}
