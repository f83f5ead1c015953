/** Sends bad requests as fast as one process can, until its input ends; prints how many it has sent. */
import { type FloodKind, FLOODS } from "./flood_kinds.ts";

const [url = "", given = "", token = ""] = Deno.args;
const { hostname, port, host } = new URL(url);
const kinds = given.split(",") as FloodKind[];
const CONNECTIONS = 32;
const encoder = new TextEncoder();
const requests = kinds.map((kind) => encoder.encode(FLOODS[kind](host, token)));
const leaves = kinds.includes("leaving");
/** What comes after the refusal of a body would be taken for the body. */
const isLeft = kinds.map((kind) => kind === "too large");
const buffer = new Uint8Array(65_536);
let sent = 0;
let isOver = false;

async function flood(first: number): Promise<void> {
  let conn: Deno.TcpConn | undefined;
  for (let n = first; !isOver; n++) {
    try {
      conn ??= await Deno.connect({ hostname, port: Number(port) });
      await conn.write(requests[n % requests.length]!);
      sent++;
      // An answer is one piece here, and what is in it does not matter.
      if (!leaves && await conn.read(buffer) !== null && !isLeft[n % isLeft.length]) continue;
    } catch {
      // A connection that the other side has closed is made anew.
    }
    conn?.close();
    conn = undefined;
  }
  conn?.close();
}

const flooding = Promise.all(Array.from({ length: CONNECTIONS }, (_, n) => flood(n)));
for await (const _ of Deno.stdin.readable);
isOver = true;
Deno.stdout.writeSync(encoder.encode(String(sent)));
// Some wait for an answer that is held back.
flooding.catch((error: unknown) => error);
Deno.exit(0);
