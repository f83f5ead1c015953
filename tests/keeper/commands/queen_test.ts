import assert from "node:assert/strict";
import { basename } from "node:path";
import { z } from "zod";
import { healthSchema } from "../../../src/contracts/health.ts";
import { RbeeHome } from "../../helpers/rbee_home.ts";

const statusSchema = healthSchema.extend({ url: z.string(), pid: z.number() });

Deno.test("rbee queen start says what she says until she is ready, and lets her go", async () => {
  await using home = await RbeeHome.create();
  const start = await home.rbee(["queen", "start"]);
  assert.deepEqual([start.code, start.stdout], [0, ""], start.stderr);
  const { pid, url } = await home.daemon("queen");
  assert.match(start.stderr, /^\[keeper {4}\] queen_start {4}: Starting the queen\n\[queen /);
  assert.ok(start.stderr.endsWith(`The queen runs at ${url} (process ${pid})\n`), start.stderr);
  const [queen, ...others] = home.processes();
  assert.deepEqual([queen?.pid, others], [pid, []]);
  assert.match(queen?.command ?? "", / serve --role queen /);

  const again = await home.rbee(["queen", "start"]);
  assert.deepEqual(again, {
    code: 0,
    stdout: "",
    stderr: `The queen is already running at ${url} (process ${pid})\n`,
  });
  const elsewhere = await home.rbee(["queen", "start", "--port", "1"]);
  assert.equal(elsewhere.code, 0);
  assert.match(elsewhere.stderr, /; move it with rbee queen restart --port 1\n$/);
  const json = await home.rbee(["queen", "start", "--json"]);
  assert.deepEqual([json.code, JSON.parse(json.stdout).url, json.stderr], [0, url, ""]);

  const status = await home.rbee(["queen", "status"]);
  assert.equal(status.code, 0);
  assert.match(
    status.stdout,
    RegExp(`^The queen runs at ${url} \\(process ${pid}\\), version .+, ok\n$`),
  );
  const asJson = await home.rbee(["queen", "status", "--json"]);
  const parsed = statusSchema.parse(JSON.parse(asJson.stdout));
  assert.deepEqual([parsed.role, parsed.url, parsed.pid], ["queen", url, pid]);

  const stop = await home.rbee(["queen", "stop"]);
  assert.equal(stop.code, 0);
  assert.match(stop.stderr, /^\[queen {5}\] stopped {8}: The queen has stopped$/m);
  assert.match(stop.stderr, /\nThe queen has stopped\n$/);
  assert.deepEqual(home.processes(), []);
  assert.deepEqual(await home.rbee(["queen", "stop"]), {
    code: 0,
    stdout: "",
    stderr: "The queen was not running\n",
  });
  const nothing = await home.rbee(["queen", "stop", "--json"]);
  assert.deepEqual([nothing.code, JSON.parse(nothing.stdout)], [0, { stopped: false }]);
});

Deno.test("rbee queen status exits with 3 when she does not run, also as JSON", async () => {
  await using home = await RbeeHome.create();
  const sentence = "No queen runs on this machine; start one with rbee queen start";
  assert.deepEqual(await home.rbee(["queen", "status"]), {
    code: 3,
    stdout: "",
    stderr: `Error: ${sentence}\n`,
  });
  const { code, stdout } = await home.rbee(["queen", "status", "--json"]);
  assert.deepEqual([code, JSON.parse(stdout)], [3, {
    error: { code: "not_running", message: sentence },
  }]);
});

Deno.test("rbee queen restart keeps the address, unless it is told another", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["token", "create", "--role", "admin"])).code, 0);
  assert.equal((await home.rbee(["queen", "start", "--host", "0.0.0.0"])).code, 0);
  const first = await home.daemon("queen");
  assert.equal((await home.rbee(["queen", "restart"])).code, 0);
  const second = await home.daemon("queen");
  assert.equal(second.url, first.url);
  assert.notEqual(second.pid, first.pid);
  assert.match(home.processes()[0]?.command ?? "", / --host=0\.0\.0\.0 /);
  const moved = await home.rbee(["queen", "restart", "--port", "0", "--host", "127.0.0.1"]);
  assert.equal(moved.code, 0, moved.stderr);
  const third = await home.daemon("queen");
  assert.notEqual(third.url, first.url);
  assert.deepEqual(home.processes().map(({ pid }) => pid), [third.pid]);
});

Deno.test("rbee queen restart starts her where she does not run", async () => {
  await using home = await RbeeHome.create();
  const { code, stderr } = await home.rbee(["queen", "restart"]);
  assert.equal(code, 0, stderr);
  assert.equal(home.processes().length, 1);
});

Deno.test("rbee queen start --foreground is the queen until Ctrl-C", async () => {
  await using home = await RbeeHome.create();
  const queen = home.start(["queen", "start", "--foreground"]);
  await queen.line(/The queen is ready at /);
  assert.deepEqual(home.processes().map(({ pid }) => pid), [(await home.daemon("queen")).pid]);
  queen.signal("SIGINT");
  const { code, stdout, stderr } = await queen.result;
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^\[queen {5}\] stopped {8}: The queen has stopped\n$/m);
});

Deno.test("rbee queen start exits with 1 and says who has her port", async () => {
  await using home = await RbeeHome.create();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const who = `${basename(Deno.execPath())} (process ${Deno.pid})`;
  const { code, stdout, stderr } = await home.rbee(["queen", "start", "--port", String(port)]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.ok(
    stderr.includes(
      `Error: The queen did not start: Port ${port} on 127.0.0.1 is taken by ${who}; choose another with --port `,
    ),
    stderr,
  );
  assert.deepEqual(home.processes(), []);
});

Deno.test("rbee queen start exits with 1 and her last words when she dies while starting", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["token", "create", "--role", "admin"])).code, 0);
  for (const verb of ["start", "restart"]) {
    // An address for documentation, which is no machine's.
    const { code, stderr } = await home.rbee(["queen", verb, "--host", "203.0.113.1"]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /\nError: The queen did not start: Cannot listen on 203\.0\.113\.1:0: .+ \(its log: .*\/queen\.log\)\n$/,
    );
    assert.deepEqual(home.processes(), []);
  }
});

Deno.test("rbee queen start refuses a port that is none with 2", async () => {
  await using home = await RbeeHome.create();
  assert.deepEqual(await home.rbee(["queen", "start", "--port", "70000"]), {
    code: 2,
    stdout: "",
    stderr: "Error: --port 70000 is not a port; give 0 to 65535\n",
  });
});

Deno.test("rbee queen stop works with a broken rbee.yaml", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["queen", "start", "-q"])).code, 0);
  await home.configure({ nonsense: true });
  assert.equal((await home.rbee(["queen", "status", "-q"])).code, 0);
  assert.equal((await home.rbee(["queen", "stop", "-q"])).code, 0);
  assert.deepEqual(home.processes(), []);
});
