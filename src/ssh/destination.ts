import { RbeeError } from "../base/rbee_error.ts";
import { cutText, singleLine } from "../base/single_line.ts";

/** Who and where, as a person names it to `ssh`. */
export interface SshDestination {
  user?: string;
  /** A name of `~/.ssh/config`, a host name, or an address; IPv6 without brackets. */
  host: string;
  port?: number;
}

const MAX_LENGTH = 512;
const MAX_PORT = 65_535;
// What no shell and no option parser gives a meaning, also where a person's ProxyCommand has %h or %r.
const USER = /^[\p{L}\p{N}_][\p{L}\p{N}_.+@-]*$/u;
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.+-]*$/u;
const IPV6 = /^[0-9a-f]*:[0-9a-f:.]*(%[a-z0-9_.-]+)?$/i;

/**
 * Reads `[USER@]HOST[:PORT]`, where HOST may be a name of `~/.ssh/config`, an IPv4 address, or an
 * IPv6 address, in brackets when a port follows. Nothing that it accepts can be an option of `ssh` or
 * run anything in a shell.
 *
 * @throws {RbeeError} `bad_destination` If `text` is something else.
 */
export function parseDestination(text: string): SshDestination {
  const bad = (why: string) =>
    new RbeeError(
      "bad_destination",
      `"${cutText(singleLine(text), 200)}" is no ssh destination: ${why}; ` +
        "write [USER@]HOST[:PORT], or a name of ~/.ssh/config",
    );
  if (text === "") throw bad("it is empty");
  if (text.length > MAX_LENGTH) throw bad(`it is longer than ${MAX_LENGTH} characters`);
  if (text.startsWith("-")) throw bad("it begins with -, as an option does");
  if (/[\s\p{C}]/u.test(text)) throw bad("it holds white space or control characters");

  const at = text.lastIndexOf("@");
  const user = at === -1 ? undefined : text.slice(0, at);
  if (user !== undefined && !USER.test(user)) throw bad(`"${user}" is no user name`);
  const [host, port] = splitPort(text.slice(at + 1));
  if (!NAME.test(host) && !IPV6.test(host)) throw bad(`"${host}" is no host name`);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && isPort(Number(port)))) {
    throw bad(`the port must be 1 to ${MAX_PORT}`);
  }
  return {
    ...(user === undefined ? {} : { user }),
    host,
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

/** Writes a destination so that {@linkcode parseDestination} reads the same. */
export function formatDestination({ user, host, port }: SshDestination): string {
  const name = port !== undefined && host.includes(":") ? `[${host}]` : host;
  return (user === undefined ? "" : `${user}@`) + name + (port === undefined ? "" : `:${port}`);
}

function isPort(port: number): boolean {
  return port >= 1 && port <= MAX_PORT;
}

function splitPort(text: string): [host: string, port: string | undefined] {
  const bracketed = /^\[([^\]]*:[^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) return [bracketed[1]!, bracketed[2]];
  const colon = text.indexOf(":");
  // More than one colon: an IPv6 address that was written bare, which leaves no room for a port.
  if (colon === -1 || colon !== text.lastIndexOf(":")) return [text, undefined];
  return [text.slice(0, colon), text.slice(colon + 1)];
}
