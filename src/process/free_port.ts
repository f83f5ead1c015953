/**
 * A port of the loopback address that is free now. Another program may take it before it is used; the
 * system hands out others first, so that this takes a while.
 */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
