/** Sends bytes over a connection of its own and returns the whole answer as text. */
export async function rawExchange(url: string, request: string): Promise<string> {
  using conn = await rawConnect(url);
  await writeAll(conn, request);
  return await readToEnd(conn);
}

/** Opens a connection to the host and port of `url`. */
export function rawConnect(url: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url);
  return Deno.connect({ hostname, port: Number(port) });
}

export async function writeAll(conn: Deno.TcpConn, text: string): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
}

/** Reads until `text` has arrived; returns all that has. */
export async function readUntil(conn: Deno.TcpConn, text: string): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let all = "";
  while (!all.includes(text)) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error(`the connection ended before ${text}: ${all}`);
    all += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return all;
}

async function readToEnd(conn: Deno.TcpConn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let all = "";
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return all + decoder.decode();
    all += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}
