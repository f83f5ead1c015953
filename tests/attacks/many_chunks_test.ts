import assert from "node:assert/strict";
import { rawConnect, readUntil, writeAll } from "../helpers/raw_http.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { mostMemoryMib } from "../helpers/process_memory.ts";

const CHUNKS = 60_000;
// What 60,000 pieces of a connection took was 800 MiB.
const MOST_MIB = 300;

Deno.test("a body in chunks of one byte takes no more memory than a body", async () => {
  await using home = await RbeeHome.create();
  const started = await home.rbee(["queen", "start"]);
  assert.equal(started.code, 0, started.stderr);
  const { pid, url } = await home.daemon("queen");
  const before = await mostMemoryMib(pid);
  using conn = await rawConnect(url);
  await writeAll(
    conn,
    "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  const answer = readUntil(conn, '"invalid_request"');
  for (let sent = 0; sent < CHUNKS; sent += 1000) await writeAll(conn, "1\r\n \r\n".repeat(1000));
  await writeAll(conn, "2\r\n{}\r\n0\r\n\r\n");
  assert.match(await answer, /^HTTP\/1\.1 400 /);
  const grown = await mostMemoryMib(pid) - before;
  assert.ok(grown < MOST_MIB, `${grown} MiB`);
  assert.equal((await home.rbee(["down"])).code, 0);
});
