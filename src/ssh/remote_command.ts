import { untilAborted, within } from "../base/delay.ts";
import { sshArguments, type SshHost } from "./ssh_arguments.ts";
import { sshError } from "./ssh_errors.ts";
import { startSsh } from "./ssh_process.ts";
import { quoteArgument, type RemoteArgument } from "./remote_path.ts";
import { shellQuote } from "./shell_quote.ts";

/** How a remote command is run. */
export interface RemoteOptions {
  /**
   * What the command reads from its standard input, up to some 64 KiB, without NUL characters; none
   * by default. It is not seen in the process list of either machine.
   */
  stdin?: string | undefined;
  /** Gets each line of output as it comes, without its end. Must not throw. */
  onLine?: ((stream: "stdout" | "stderr", line: string) => void) | undefined;
  /** Ends `ssh`, and with it the command. */
  signal?: AbortSignal | undefined;
}

/** How a remote command ended and what it printed. */
export interface RemoteResult {
  /** Its exit code; 254 stands for 254 and 255. 127 when there is no such command. */
  code: number;
  /** The last 1,000 lines of standard output, joined by line ends. */
  stdout: string;
  /** The last 1,000 lines of standard error, those of `ssh` included. */
  stderr: string;
}

const MAX_LINES = 1000;
const INTERRUPT_MS = 300;
const SSH_FAILED = 255;

/**
 * Runs a command on a host and waits for its end. It is started by `sh` there, whatever the person's
 * login shell is, with each argument exactly as given, in the home folder.
 *
 * The command, and what it started in its process group, is sent SIGTERM when the connection ends
 * before it does, be it by `signal` or by the death of this process; a daemon must therefore have a
 * session of its own.
 *
 * @throws {RbeeError} What {@linkcode sshError} tells, if `ssh` itself fails; `no_ssh` if it is not there.
 * @throws {RbeeError} `bad_argument` If an argument holds a NUL character.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function runRemote(
  host: SshHost,
  command: readonly RemoteArgument[],
  options: RemoteOptions = {},
): Promise<RemoteResult> {
  const { signal, onLine } = options;
  signal?.throwIfAborted();
  const input = new TextEncoder().encode(options.stdin ?? "");
  const kept = { stdout: [] as string[], stderr: [] as string[] };
  const ssh = startSsh(host, {
    program: "ssh",
    args: sshArguments(host, {
      // The person's own forwardings are for their own sessions, and may be taken by one.
      options: ["-o", "ClearAllForwardings=yes"],
      command: remoteCommandLine(command, input.length),
    }),
    onLine(stream, line) {
      const lines = kept[stream];
      if (lines.push(line) > MAX_LINES) lines.shift();
      onLine?.(stream, line);
    },
    signal,
  });
  // Standard input stays open: its end is the end of the command.
  const [exit] = await Promise.all([ssh.ended, ssh.child.writeInput(input)]);
  const failed = exit.code === SSH_FAILED || exit.signal !== null;
  // On a terminal a Ctrl-C ends ssh itself, a moment before this process has heard of it.
  if (failed && host.interactive && signal) await within(untilAborted(signal), INTERRUPT_MS);
  signal?.throwIfAborted();
  if (failed) throw await sshError(host, kept.stderr);
  return { code: exit.code, stdout: kept.stdout.join("\n"), stderr: kept.stderr.join("\n") };
}

/**
 * Runs a script of POSIX shell on a host, as {@linkcode runRemote} runs a command. The script must be
 * one line, since a login shell of csh takes no other; `args` are its `$1`, `$2` and so on.
 *
 * @throws {unknown} As {@linkcode runRemote}.
 */
export function runRemoteScript(
  host: SshHost,
  script: string,
  options: RemoteOptions & { args?: readonly RemoteArgument[] } = {},
): Promise<RemoteResult> {
  return runRemote(host, ["sh", "-c", script, "rbee", ...options.args ?? []], options);
}

/**
 * What is said to the login shell. In `sh`, whose pid is `$$` and which leads the session's group, a
 * watcher reads standard input until the connection ends, and ends the group if the command still
 * runs. The command's own input is read before, byte by byte, so that nothing of it is lost.
 */
function remoteCommandLine(command: readonly RemoteArgument[], inputBytes: number): string {
  const read = inputBytes === 0 ? "" : `in=$(dd bs=1 count=${inputBytes} 2>/dev/null; echo x); `;
  const watch =
    "{ while read -r _; do :; done; kill -0 $$ && kill -TERM 0; } <&3 >/dev/null 2>&1 3<&- & ";
  const run = inputBytes === 0
    ? '"$@" </dev/null 3<&-; '
    : `{ printf %s "\${in%x}" | "$@"; } 3<&-; `;
  // 255 is what ssh says when it fails itself.
  const end = `code=$?; [ $code -eq ${SSH_FAILED} ] && code=254; exit $code`;
  const script = `exec 3<&0; ${read}${watch}${run}${end}`;
  return ["exec", "sh", "-c", shellQuote(script), "rbee", ...command.map(quoteArgument)].join(" ");
}
