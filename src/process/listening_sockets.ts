/** A TCP socket that waits for connections. */
export interface ListeningSocket {
  /** Its address as the kernel writes it, in hexadecimal; zeros alone mean every address. */
  address: string;
  port: number;
  /** The user that opened it. */
  uid: number;
  inode: string;
}

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
// TCP_LISTEN in the kernel's include/net/tcp_states.h.
const LISTEN = "0A";

/** All sockets that listen in this network namespace, IPv4 first. Empty where there is no /proc. */
export function listeningSockets(): ListeningSocket[] {
  return TABLES.flatMap(readTable).flatMap((line) => {
    // The columns of proc_net(5): sl, local address, remote address, state, …, uid, timeout, inode.
    const [, local = "", , state, , , , uid, , inode = ""] = line.trim().split(/\s+/);
    if (state !== LISTEN) return [];
    const [address = "", port = ""] = local.split(":");
    return [{ address, port: parseInt(port, 16), uid: Number(uid), inode }];
  });
}

function readTable(path: string): string[] {
  try {
    return Deno.readTextFileSync(path).split("\n").slice(1);
  } catch {
    // No IPv6, or another system than Linux.
    return [];
  }
}
