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
