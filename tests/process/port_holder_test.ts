import assert from "node:assert/strict";
import { basename } from "node:path";
import { describePortHolder, findPortHolder } from "../../src/process/port_holder.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";

const DENO = basename(Deno.execPath());

Deno.test("findPortHolder() names who listens on a port, whatever address it is asked for", () => {
  for (const hostname of ["127.0.0.1", "0.0.0.0"]) {
    const listener = Deno.listen({ hostname, port: 0 });
    const { port } = listener.addr;
    for (const host of ["127.0.0.1", "0.0.0.0", "localhost"]) {
      const holder = findPortHolder(host, port);
      assert.deepEqual(
        holder,
        { uid: Deno.uid(), pid: Deno.pid, name: DENO },
        `${hostname} ${host}`,
      );
      assert.equal(describePortHolder(holder!), `${DENO} (process ${Deno.pid})`);
    }
    listener.close();
    // A process that another test starts at this moment holds it until its own program begins.
    for (let looks = 0; looks < 1000 && findPortHolder(hostname, port) !== undefined; looks++);
    assert.equal(findPortHolder(hostname, port), undefined);
  }
});

Deno.test("findPortHolder() does not name who listens on another address of the machine", () => {
  using other = Deno.listen({ hostname: "127.0.0.2", port: 0 });
  assert.equal(findPortHolder("127.0.0.1", other.addr.port), undefined);
  assert.equal(findPortHolder("127.0.0.2", other.addr.port)?.pid, Deno.pid);
});

Deno.test("findPortHolder() knows the role of another rbee by its command line", async () => {
  await using home = await RbeeHome.create();
  for (
    const args of [["serve", "--role", "hive", "--port", "0"], ["hive", "start", "--foreground"]]
  ) {
    const hive = home.start(args);
    await hive.line(/The hive is ready at /);
    const { pid, url } = await home.daemon("hive");
    const holder = findPortHolder("127.0.0.1", Number(new URL(url).port));
    assert.deepEqual([holder?.pid, holder?.role], [pid, "hive"]);
    assert.equal(describePortHolder(holder!), `the hive of another rbee home (process ${pid})`);
    hive.signal("SIGTERM");
    assert.equal((await hive.result).code, 0);
  }
});

Deno.test("describePortHolder() says of a program of another user whose it is", () => {
  assert.equal(describePortHolder({ uid: 33 }), "a program of another user (uid 33)");
});
