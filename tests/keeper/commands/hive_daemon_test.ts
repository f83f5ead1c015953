import assert from "node:assert/strict";
import { RbeeHome } from "../../helpers/rbee_home.ts";

const TOKEN_FILE = "state/hive.token";

Deno.test("rbee hive start, restart and stop are this machine's hive's, named or not", async () => {
  await using home = await RbeeHome.create();
  for (const name of [[], ["local"]]) {
    const start = await home.rbee(["hive", "start", ...name]);
    assert.deepEqual([start.code, start.stdout], [0, ""], start.stderr);
    const first = await home.daemon("hive");
    assert.match(home.processes()[0]?.command ?? "", / serve --role hive /);
    assert.match(
      (await home.rbee(["hive", "start", ...name])).stderr,
      /^The hive is already running at /,
    );
    const restart = await home.rbee(["hive", "restart", ...name]);
    assert.equal(restart.code, 0, restart.stderr);
    const second = await home.daemon("hive");
    assert.equal(second.url, first.url);
    assert.deepEqual(home.processes().map(({ pid }) => pid), [second.pid]);
    assert.equal((await home.rbee(["hive", "stop", ...name])).code, 0);
    assert.deepEqual(home.processes(), []);
    assert.equal((await home.rbee(["hive", "stop", ...name])).stderr, "The hive was not running\n");
  }
});

Deno.test("rbee hive start --foreground is the hive until Ctrl-C", async () => {
  await using home = await RbeeHome.create();
  const hive = home.start(["hive", "start", "--foreground", "--port", "0"]);
  await hive.line(/The hive is ready at /);
  assert.deepEqual(home.processes().map(({ pid }) => pid), [(await home.daemon("hive")).pid]);
  hive.signal("SIGINT");
  const { code, stdout } = await hive.result;
  assert.equal(code, 0);
  assert.match(stdout, /The hive has stopped\n$/);
});

Deno.test("rbee hive start --token-stdin keeps the token for its owner, and not in a command line", async () => {
  await using home = await RbeeHome.create();
  const start = await home.rbee(["hive", "start", "--token-stdin"], {
    stdin: "s3cret-token\nmore\n",
  });
  assert.equal(start.code, 0, start.stderr);
  const path = `${home.path}/${TOKEN_FILE}`;
  assert.equal(await Deno.readTextFile(path), "s3cret-token\n");
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const log = await Deno.readTextFile(`${home.path}/state/hive.log`);
  for (const text of [start.stderr, log, ...home.processes().map(({ command }) => command)]) {
    assert.ok(!text.includes("s3cret"), text);
  }
  // The same again is no change, another is refused while it runs, none leaves it alone.
  const same = await home.rbee(["hive", "start", "--token-stdin"], { stdin: "s3cret-token" });
  assert.deepEqual([same.code, same.stderr.includes("already running")], [0, true]);
  const other = await home.rbee(["hive", "start", "--token-stdin"], { stdin: "other\n" });
  assert.deepEqual(other, {
    code: 1,
    stdout: "",
    stderr:
      "Error: The hive already runs, with another token; give it this one with rbee hive restart --token-stdin\n",
  });
  assert.equal((await home.rbee(["hive", "restart"])).code, 0);
  assert.equal(await Deno.readTextFile(path), "s3cret-token\n");
  // It takes effect: who does not show it is refused, and this home's own keeper shows it.
  const { url } = await home.daemon("hive");
  const bare = await fetch(`${url}/v1/workers`);
  assert.deepEqual([bare.status, typeof await bare.text()], [401, "string"]);
  const status = await home.rbee(["hive", "status"]);
  assert.equal(status.code, 0, status.stderr);
  const change = await home.rbee(["hive", "restart", "--token-stdin"], { stdin: "other\n" });
  assert.equal(change.code, 0, change.stderr);
  assert.doesNotMatch(change.stderr, /SIGTERM|token/);
  assert.equal(await Deno.readTextFile(path), "other\n");
});

Deno.test("rbee hive start --token-stdin without a token exits with 2 and starts nothing", async () => {
  await using home = await RbeeHome.create();
  const { code, stderr } = await home.rbee(["hive", "start", "--token-stdin"], { stdin: "a b\n" });
  assert.deepEqual([code, /needs a token on standard input/.test(stderr)], [2, true]);
  const both = await home.rbee(["hive", "start", "--token-stdin", "--foreground"]);
  assert.equal(both.code, 2);
  assert.deepEqual(home.processes(), []);
  await assert.rejects(Deno.stat(`${home.path}/${TOKEN_FILE}`), Deno.errors.NotFound);
});
