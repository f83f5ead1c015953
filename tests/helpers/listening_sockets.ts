/**
 * The sockets that listen for TCP connections on this machine, as `PORT:INODE`: a port alone may be
 * another's by the next moment. See proc_net(5).
 */
export function listeningSockets(): Set<string> {
  const LISTEN = "0A";
  const found = new Set<string>();
  for (const table of ["tcp", "tcp6"]) {
    for (const line of Deno.readTextFileSync(`/proc/net/${table}`).split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] !== LISTEN) continue;
      found.add(`${parseInt(fields[1]!.split(":").at(-1)!, 16)}:${fields[9]}`);
    }
  }
  return found;
}

/** Those that these processes hold. */
export function openSockets(pids: readonly number[]): string[] {
  const inodes = new Set(pids.flatMap(socketInodes));
  return [...listeningSockets()].filter((socket) => inodes.has(socket.split(":")[1]!));
}

function socketInodes(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`))?.[1];
      return inode ?? [];
    });
  } catch (error) {
    // It has ended meanwhile.
    if (error instanceof Deno.errors.NotFound || /os error 3\b/.test(String(error))) return [];
    throw error;
  }
}

function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    // It has been closed meanwhile.
    return "";
  }
}
