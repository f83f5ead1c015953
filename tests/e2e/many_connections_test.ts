import assert from "node:assert/strict";
import { openFileLimit } from "../../src/process/open_file_limit.ts";
import { outerAddress } from "../helpers/open_home.ts";
import { writeAll } from "../helpers/raw_http.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";

// What the test and the queen have open beside them.
const RESERVE = 500;
const WANTED = 10_000;
// What the queen gives a request's head.
const HEADERS_MS = 10_000;
const COUNT = Math.min(WANTED, (openFileLimit() ?? 1024) - RESERVE);
const ADDRESS = outerAddress();
const LACKING = ADDRESS === undefined
  ? "SKIPPED, this machine has no network: "
  : COUNT < WANTED
  ? `LESS THAN ${WANTED}, this process may not open more: `
  : "";

Deno.test({
  name:
    `${LACKING}A queen answers good requests beside ${COUNT} connections that say nothing or half a request`,
  ignore: ADDRESS === undefined,
  async fn() {
    await using home = await RbeeHome.create();
    // One address may have a quarter of them.
    await home.configure({ queen: { host: "0.0.0.0", max_connections: 4 * (COUNT + 100) } });
    const made = await home.rbee(["token", "create", "--role", "admin"]);
    const headers = { Authorization: `Bearer ${made.stdout.trim()}` };
    const started = await home.rbee(["queen", "start"]);
    assert.equal(started.code, 0, started.stderr);
    const { url } = await home.daemon("queen");
    const port = Number(new URL(url).port);
    const models = `http://${ADDRESS}:${port}/v1/models`;
    const ask = async (client?: Deno.HttpClient) => {
      const answer = await fetch(models, { headers, ...(client && { client }) });
      assert.equal(answer.status, 200);
      assert.equal((await answer.json()).object, "list");
    };
    await ask();
    const open = new Set<Deno.TcpConn>();
    const ends: Promise<void>[] = [];
    const lastedMs: number[] = [];
    try {
      while (open.size < COUNT) {
        const some = Math.min(100, COUNT - open.size);
        await Promise.all(Array.from({ length: some }, async (_, index) => {
          const conn = await Deno.connect({ hostname: ADDRESS!, port });
          open.add(conn);
          const sinceMs = performance.now();
          if (index % 2 === 1) await writeAll(conn, "GET /v1/models HTTP/1.1\r\nHost: a\r\nX-A: ");
          ends.push(untilEnd(conn).then(() => void lastedMs.push(performance.now() - sinceMs)));
        }));
      }
      // Connections are taken in their order: who is answered on a new one comes after all of them.
      using last = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      await ask(last);
      for (let each = 0; each < 20; each++) {
        // One that is kept, and one that is new among all the others.
        await ask();
        using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
        await ask(client);
      }
      // None of them says more, and so none stays; and none was sent away for being too many.
      await Promise.all(ends);
      const shortestMs = Math.min(...lastedMs);
      assert.ok(shortestMs > HEADERS_MS - 1000, `one was open for ${shortestMs} ms`);
      await ask();
    } finally {
      for (const conn of open) conn.close();
    }
    assert.equal((await home.rbee(["down"])).code, 0);
  },
});

/** Reads until the other side ends the connection, in whichever way. */
async function untilEnd(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(512);
  let count: number | null;
  do {
    count = await conn.read(buffer).catch(() => null);
  } while (count !== null);
}
