const FIRST = 10_000;
// Below what Linux hands out by itself, see ip_local_port_range in ip(7).
const LAST = 31_999;

/**
 * A free port of the loopback address that stays free while what has it is started again: the system
 * gives it to nobody who asks for any port, and no connection begins there.
 */
export function keptPort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
