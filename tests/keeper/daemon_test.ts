import assert from "node:assert/strict";
import { basename } from "node:path";
import { FakeHive } from "../helpers/fake_hive.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { TestQueen } from "../helpers/test_queen.ts";

Deno.test("rbee up starts queen and hive, says what they say, and leaves them running", async () => {
  await using home = await RbeeHome.create();
  const up = await home.rbee(["up"]);
  assert.deepEqual([up.code, up.stdout], [0, ""], up.stderr);
  const [queen, hive] = [await home.daemon("queen"), await home.daemon("hive")];
  assert.deepEqual(
    home.processes().map(({ pid }) => pid).toSorted(),
    [queen.pid, hive.pid].toSorted(),
  );
  assert.match(up.stderr, /^\[keeper {4}\] queen_start {4}: Starting the queen\n\[queen /);
  assert.match(up.stderr, /^\[hive {6}\] ready {10}: The hive is ready at /m);
  assert.ok(
    up.stderr.endsWith(`Up: queen ${queen.url}, hive ${hive.url}\nPage: ${queen.url}/\n`),
    up.stderr,
  );
  const again = await home.rbee(["up", "--json"]);
  assert.deepEqual([again.code, JSON.parse(again.stdout)], [0, {
    queen: queen.url,
    hive: hive.url,
  }]);
  assert.match(again.stderr, /queen_ready {4}: The queen is already running at /);
  assert.equal(home.processes().length, 2);
  const { mode } = await Deno.stat(`${home.path}/state/queen.log`);
  assert.equal(mode! & 0o777, 0o600, "others can read the log");

  const down = await home.rbee(["down"]);
  assert.equal(down.code, 0);
  assert.match(down.stderr, /^\[queen {5}\] stopped {8}: The queen has stopped$/m);
  assert.match(down.stderr, /Down: everything of this home has stopped\n$/);
  assert.deepEqual(home.processes(), []);
  const nothing = await home.rbee(["down", "--json"]);
  assert.deepEqual([nothing.code, JSON.parse(nothing.stdout)], [0, { queen: false, hive: false }]);
});

Deno.test("rbee up twice at once starts one queen and one hive", async () => {
  await using home = await RbeeHome.create();
  const ups = await Promise.all([home.rbee(["up", "--json"]), home.rbee(["up", "--json"])]);
  for (const { code, stderr } of ups) assert.equal(code, 0, stderr);
  assert.equal(ups[0]!.stdout, ups[1]!.stdout);
  assert.equal(home.processes().length, 2);
});

Deno.test("rbee up starts what was killed anew, over its stale pid file", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up", "-q"])).code, 0);
  const before = await home.daemon("hive");
  Deno.kill(before.pid, "SIGKILL");
  const up = await home.rbee(["up"]);
  assert.equal(up.code, 0, up.stderr);
  assert.match(up.stderr, /The queen is already running/);
  assert.match(up.stderr, /Starting the hive/);
  const after = await home.daemon("hive");
  assert.notEqual(after.pid, before.pid);
  assert.notEqual(after.instance, before.instance);
});

Deno.test("rbee up that is interrupted ends what it was starting and exits with 130", async () => {
  await using home = await RbeeHome.create();
  const up = home.start(["up"]);
  await up.line(/Starting the queen/);
  up.signal("SIGINT");
  const { code, stderr } = await up.result;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /Error: Interrupted\n$/);
  assert.deepEqual(home.processes(), []);
});

Deno.test("rbee up says why a daemon does not start, and where its log is", async () => {
  await using home = await RbeeHome.create();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const { code, stderr } = await home.rbee(["up", "--queen-port", String(port)]);
  taken.close();
  assert.equal(code, 1);
  assert.ok(
    stderr.endsWith(
      `Error: The queen did not start: Port ${port} on 127.0.0.1 is taken by ${
        basename(Deno.execPath())
      } (process ${Deno.pid}); choose another with --port (0 for any free one); in rbee up and run it is --queen-port (its log: ${home.path}/state/queen.log)\n`,
    ),
    stderr,
  );
  assert.deepEqual(home.processes(), []);
});

Deno.test("rbee run asks the queen that is named and starts nothing of its own", async () => {
  await using home = await RbeeHome.create();
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  const { code, stdout, stderr } = await home.rbee(
    ["run", "--queen", queen.url, "bee-tiny", "Hello"],
  );
  assert.deepEqual([code, stdout], [0, "buzz"], stderr);
  assert.deepEqual(home.processes(), []);
  await assert.rejects(home.daemon("queen"), Deno.errors.NotFound);
});
