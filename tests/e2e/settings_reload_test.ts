import assert from "node:assert/strict";
import { rawExchange } from "../helpers/raw_http.ts";
import { RbeeHome, type RunningCommand } from "../helpers/rbee_home.ts";

/** Follows the log of a daemon from now on. */
async function follow(home: RbeeHome, role: "queen" | "hive"): Promise<RunningCommand> {
  const logs = home.start([role, "logs", "-f", "-n", "1"]);
  await logs.line(/./);
  return logs;
}

/** Sends SIGHUP to a daemon and gives what it says of it. */
async function hangUp(home: RbeeHome, role: "queen" | "hive", said: RegExp): Promise<string> {
  const logs = await follow(home, role);
  const { pid } = await home.daemon(role);
  Deno.kill(pid, "SIGHUP");
  const line = await logs.line(said);
  logs.signal("SIGINT");
  await logs.result;
  return line;
}

Deno.test("SIGHUP has a queen in the background read rbee.yaml again: hives and limits hold, ports wait", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["queen", "start"])).code, 0);
  const { pid } = await home.daemon("queen");
  await home.configure({
    queen: { port: 7999, max_requests: 3 },
    models: { "hf:bees/honey": {} },
    hives: { gpu: { url: "http://127.0.0.1:1" } },
  });
  const line = await hangUp(home, "queen", /settings_read/);
  assert.match(line, /changed: queen\.max_requests, models\.hf:bees\/honey, hives\.gpu/);
  const { stdout } = await home.rbee(["hive", "list"]);
  assert.match(stdout, /^gpu /m);
  const { url, pid: after } = await home.daemon("queen");
  assert.equal(after, pid);
  const models = await (await fetch(`${url}/v1/models`)).json();
  assert.ok(models.data.some(({ id }: { id: string }) => id === "hf:bees/honey"));

  const statusOfName = async () => {
    const answer = await rawExchange(
      url,
      `GET /v1/jobs HTTP/1.1\r\nHost: bees.lan\r\nConnection: close\r\n\r\n`,
    );
    return answer.split(" ")[1];
  };
  assert.equal(await statusOfName(), "403");
  await home.configure({ queen: { names: ["bees.lan"] } });
  await hangUp(home, "queen", /settings_read.*queen\.names/);
  assert.equal(await statusOfName(), "200");

  await home.configure({ queen: { port: 7999 } });
  const waiting = await hangUp(home, "queen", /settings_wait/);
  assert.match(waiting, /queen\.port will hold after rbee queen stop, then rbee queen start/);
  assert.doesNotMatch((await home.rbee(["hive", "list"])).stdout, /^gpu /m);
});

Deno.test("SIGHUP has a queen let go of a hive that was added by request and is in rbee.yaml no more", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["queen", "start"])).code, 0);
  const added = await home.rbee(["hive", "add", "gpu", "--url", "http://127.0.0.1:1"]);
  assert.equal(added.code, 0, added.stderr);
  await home.configure({});
  await hangUp(home, "queen", /settings_read/);
  assert.doesNotMatch((await home.rbee(["hive", "list"])).stdout, /^gpu /m);
});

Deno.test("SIGHUP has a hive in the background read rbee.yaml again: engines hold, and models are loaded", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up"])).code, 0);
  const spawn = ["worker", "spawn", "bee-tiny", "--engine", "nope"];
  assert.match((await home.rbee(spawn)).stderr, /\(known: llama\)/);
  await home.configure({
    engines: { other: { command: ["other", "{port}"] } },
    models: { "bee-tiny": { preload: true, context: 64 } },
  });
  await hangUp(home, "hive", /worker_ready .*bee-tiny/);
  assert.match((await home.rbee(spawn)).stderr, /\(known: llama, other\)/);
  const { stdout } = await home.rbee(["worker", "list", "--json"]);
  assert.equal(JSON.parse(stdout).workers.length, 1);
});

Deno.test("SIGHUP with a bad rbee.yaml changes nothing, and says why with line and column", async () => {
  await using home = await RbeeHome.create();
  await home.configure({ hives: { gpu: { url: "http://127.0.0.1:1" } } });
  assert.equal((await home.rbee(["up"])).code, 0);
  const before = await home.daemon("queen");
  await Deno.writeTextFile(
    `${home.path}/config/rbee.yaml`,
    "queen:\n  max_requests: 1\nhives:\n  big: {shh: x}\nhive:\n  idel: 5m\n",
  );
  for (const role of ["queen", "hive"] as const) {
    const line = await hangUp(home, role, /settings_kept/);
    assert.match(
      line,
      /The settings stay as they were: .*rbee\.yaml, line 4, column 9: "hives\.big\.shh" .*"ssh"/,
    );
    assert.match(line, /rbee config check shows all 2 mistakes/);
  }
  assert.deepEqual(await home.daemon("queen"), before);
  // With the bad file itself the keeper would refuse.
  await home.configure({});
  const { stdout } = await home.rbee(["hive", "list"]);
  assert.match(stdout, /^gpu /m);
  assert.doesNotMatch(stdout, /^big /m);
});

Deno.test("SIGHUP ends a role that is not in the background", async () => {
  await using home = await RbeeHome.create();
  const role = home.start(["serve", "--role", "hive", "--port", "0"]);
  await role.line(/ready/);
  role.signal("SIGHUP");
  const { stdout } = await role.result;
  assert.match(stdout, /The hive has stopped/);
});
