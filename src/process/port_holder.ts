import { basename } from "node:path";
import { type ListeningSocket, listeningSockets } from "./listening_sockets.ts";
import { openFiles } from "./open_files.ts";
import { printableText } from "./printable_text.ts";
import { argumentValue, processArguments } from "./process_arguments.ts";
import { processExecutable } from "./process_identity.ts";

/** Who listens on a port. */
export interface PortHolder {
  /** The user whose it is. */
  uid: number;
  /** Undefined where this user may not know, as with programs of others. */
  pid?: number;
  /** The name of its program. */
  name?: string;
  /** The role, when it is an rbee. */
  role?: string;
}

/**
 * Finds who listens on `port` of `host`; undefined when nobody does or it cannot be known. A name in
 * place of an address stands for any address.
 */
export function findPortHolder(host: string, port: number): PortHolder | undefined {
  const socket = chooseSocket(listeningSockets().filter((each) => each.port === port), host);
  if (socket === undefined) return undefined;
  const { uid, inode } = socket;
  // Of a program that has handed its socket on to its children, the oldest process.
  const [holder] = openFiles(`socket:[${inode}]`);
  if (holder === undefined) return { uid };
  const { pid } = holder;
  const name = programName(pid);
  const role = roleOf(processArguments(pid) ?? []);
  return {
    uid,
    pid,
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role }),
  };
}

/** Names the holder of a port in a sentence: `nginx (process 123)`. */
export function describePortHolder({ uid, pid, name, role }: PortHolder): string {
  if (pid === undefined) return `a program of another user (uid ${uid})`;
  const what = role === undefined ? name ?? "another program" : `the ${role} of another rbee home`;
  return `${what} (process ${pid})`;
}

function chooseSocket(
  sockets: readonly ListeningSocket[],
  host: string,
): ListeningSocket | undefined {
  const address = hexAddress(host);
  return sockets.find((each) => each.address === address) ??
    sockets.find((each) => /^0+$/.test(each.address)) ??
    // Every address of the machine is asked for, so that any one is in the way.
    (address === undefined || /^0+$/.test(address) ? sockets[0] : undefined);
}

/** An IPv4 address as /proc/net/tcp writes it on a little-endian machine; undefined for others. */
function hexAddress(host: string): string | undefined {
  if (!/^\d+(\.\d+){3}$/.test(host)) return undefined;
  return host.split(".").reverse().map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("").toUpperCase();
}

function programName(pid: number): string | undefined {
  const executable = processExecutable(pid);
  return executable === null ? undefined : printableText(basename(executable));
}

function roleOf(args: readonly string[]): string | undefined {
  const foreground = args.includes("--foreground") ? args[args.indexOf("start") - 1] : undefined;
  const role = args.includes("serve") ? argumentValue(args, "--role") : foreground;
  return ["queen", "hive", "worker"].find((each) => each === role);
}
