import { isAlive } from "../../src/process/process_identity.ts";

/**
 * Resolves when process `pid` has ended, whose own connection `conn` leads to. The connection closes
 * with the process, a moment before the kernel says that it is gone.
 */
export async function processEnded(pid: number, conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    while (await conn.read(buffer) !== null) {
      // What it still says does not matter.
    }
  } catch {
    // A connection that is reset is closed.
  }
  while (isAlive(pid)) await Deno.stat("/proc");
}

/** The processes of a group, zombies not counted. See proc_pid_stat(5), fields 3 and 5. */
export async function groupMembers(pgid: number): Promise<number[]> {
  const members: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // One that ends meanwhile is no member.
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(group) === pgid && state !== "Z") members.push(Number(name));
  }
  return members;
}

/** Resolves when no process of a group is left. */
export async function groupEnded(pgid: number): Promise<void> {
  while ((await groupMembers(pgid)).length > 0) {
    // Each turn looks anew.
  }
}
