import { RbeeError } from "../base/rbee_error.ts";
import { cutText, singleLine } from "../base/single_line.ts";
import { formatDestination } from "./destination.ts";
import { agentIsGone } from "./ssh_agent.ts";
import type { SshHost } from "./ssh_arguments.ts";

/** A failure as ssh or scp words it, and what a person reads. */
interface Failure {
  code: string;
  /** Matches one line of standard error. */
  line: RegExp;
  /** The sentence. `name` is how ssh is told the host by hand. */
  say(host: { name: string; port: string }, match: RegExpMatchArray): string;
}

// What stood at the begin of a line in OpenSSH 7.6 to 10; other words may come from a server's banner.
const CONNECT = String.raw`^ssh: connect to host .* port \d+: `;
// Through a jump host the reason is said by that host.
const CHANNEL = String.raw`^channel \d+: open failed: connect failed: `;

/** In the order of telling: the first that any line matches. */
const FAILURES: readonly Failure[] = [
  {
    code: "ssh_host_key_changed",
    line: /^Host key for (\S+) has changed and you have requested strict checking/,
    say: ({ name }, match) =>
      `The host key of ${name} has changed, which may be an attack: if it was installed anew, ` +
      `type: ssh-keygen -R "${match[1]}"`,
  },
  {
    code: "ssh_host_key_unknown",
    line: /^(No .* host key is known for |Host key verification failed)/,
    say: ({ name, port }) =>
      `The host key of ${name} is not known yet: type: ssh ${port}${name} once and compare the key ` +
      "that it shows, or use --accept-new-host-key",
  },
  {
    code: "ssh_unknown_host",
    line: /^ssh: Could not resolve hostname (\S+): /,
    say: ({ name }, match) =>
      `Cannot find a machine called ${match[1]}${
        match[1] === name || name.endsWith(`@${match[1]}`) ? "" : ` for ${name}`
      }: check its name, or ~/.ssh/config`,
  },
  {
    code: "ssh_permission_denied",
    line: /^(\S+: Permission denied \([a-z0-9,@. -]*\)|.*Too many authentication failures$)/,
    say: ({ name, port }) =>
      `${name} refuses this person's keys: check the user name, or type: ssh-copy-id ${port}${name}`,
  },
  {
    code: "ssh_timeout",
    line: new RegExp(
      `(${CONNECT}|${CHANNEL})(Connection|Operation) timed out|^Timeout, server .* not responding|` +
        "^Connection timed out during banner exchange|^Connection to .* port \\d+ timed out|" +
        "^(ssh_dispatch_run_fatal|Read from remote host|client_loop): .*timed out",
    ),
    say: ({ name, port }) =>
      `${name} does not answer: check that it is on and reachable, then type: ssh ${port}${name}`,
  },
  {
    code: "ssh_no_route",
    line: new RegExp(
      `(${CONNECT}|${CHANNEL})(No route to host|Network is unreachable|Host is down)`,
    ),
    say: ({ name, port }) =>
      `There is no route to ${name}: check the network or VPN, then type: ssh ${port}${name}`,
  },
  {
    code: "ssh_refused",
    line: new RegExp(`(${CONNECT}|${CHANNEL})Connection refused`),
    say: ({ name, port }) =>
      `${name} refuses the connection: check the port and that sshd runs there, then type: ` +
      `ssh ${port}${name}`,
  },
  {
    code: "remote_disk_full",
    line: /^(\S*\/)?scp: .*: (No space left on device|Disk quota exceeded)/,
    say: ({ name, port }) => diskFullSentence(`ssh ${port}${name}`, name),
  },
  {
    code: "no_scp",
    line:
      /^(subsystem request failed on channel|.*\b(scp|sftp-server): (.*: )?(command )?not found)/,
    say: ({ name }) =>
      `${name} takes no files: enable the sftp subsystem of its sshd, or type there: ` +
      "apt install openssh-sftp-server",
  },
  {
    code: "ssh_forward_failed",
    line: new RegExp(
      "^(bind \\[.*: |channel_setup_fwd_listener|Could not request local forwarding|" +
        "mux_client_forward: |channel \\d+: open failed: administratively prohibited)",
    ),
    say: ({ name, port }) =>
      `ssh cannot open a tunnel to ${name}: check AllowTcpForwarding there and LocalForward in ` +
      `~/.ssh/config, then type: ssh -v ${port}${name}`,
  },
];

/**
 * The error for an `ssh` or `scp` that failed, told by what it printed to standard error. Where keys
 * were refused, the person's agent is asked whether it still lives (`ssh_agent_gone`). What is not
 * recognised is `ssh_failed`, with the last line.
 *
 * @param lines Its standard error.
 */
export async function sshError(host: SshHost, lines: readonly string[]): Promise<RbeeError> {
  const told = lines.map((line) => line.trimEnd()).filter((line) => line !== "");
  for (const failure of FAILURES) {
    for (const line of told) {
      const match = line.match(failure.line);
      if (match === null) continue;
      if (failure.code === "ssh_permission_denied" && await agentIsGone(host)) {
        return agentGone(host, line);
      }
      return asError(host, failure.code, failure.say(byHand(host), match), line);
    }
  }
  const { name, port } = byHand(host);
  const line = told.at(-1) ?? "it said nothing";
  return asError(
    host,
    "ssh_failed",
    `ssh to ${name} failed: ${cutText(singleLine(line), 300)}; type: ssh -v ${port}${name}`,
    line,
  );
}

/** The error for a machine without `ssh` or `scp`. */
export function noSshError(program: string, cause?: unknown): RbeeError {
  return new RbeeError(
    "no_ssh",
    `There is no ${program} on this machine: install the OpenSSH client, for example: ` +
      "apt install openssh-client",
    { cause },
  );
}

/** The error for a host whose disk is full. */
export function remoteDiskFullError(host: SshHost): RbeeError {
  const { name, port } = byHand(host);
  return asError(host, "remote_disk_full", diskFullSentence(`ssh ${port}${name}`, name));
}

function agentGone(host: SshHost, line: string): RbeeError {
  const { name } = byHand(host);
  return asError(
    host,
    "ssh_agent_gone",
    `Cannot log in to ${name}: the ssh agent of SSH_AUTH_SOCK is gone; start one, type ssh-add, ` +
      "and start rbee again from that terminal",
    line,
  );
}

function diskFullSentence(ssh: string, name: string): string {
  return `The disk of ${name} is full: make room there; type: ${ssh} df -h`;
}

function byHand({ destination: { port, ...rest } }: SshHost): { name: string; port: string } {
  return { name: formatDestination(rest), port: port === undefined ? "" : `-p ${port} ` };
}

function asError(host: SshHost, code: string, message: string, line?: string): RbeeError {
  return new RbeeError(code, message, {
    details: {
      destination: formatDestination(host.destination),
      ...(line === undefined ? {} : { line: cutText(singleLine(line), 300) }),
    },
  });
}
