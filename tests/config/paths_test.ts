import assert from "node:assert/strict";
import { daemonFiles, ensureFolder, type Paths, resolvePaths } from "../../src/config/paths.ts";
import { printedEnvironment } from "../helpers/printed_environment.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

function pathsWith(env: Record<string, string>): Paths {
  return resolvePaths((name) => env[name]);
}

const IN_HOME: Paths = {
  config: "/home/bee/.config/rbee",
  state: "/home/bee/.local/state/rbee",
  data: "/home/bee/.local/share/rbee",
  cache: "/home/bee/.cache/rbee",
};

Deno.test("resolvePaths() takes the XDG defaults under HOME when nothing is set", () => {
  assert.deepEqual(pathsWith({ HOME: "/home/bee" }), IN_HOME);
});

Deno.test("resolvePaths() follows each XDG variable by itself", () => {
  assert.deepEqual(
    pathsWith({
      HOME: "/home/bee",
      XDG_CONFIG_HOME: "/c",
      XDG_STATE_HOME: "/s",
      XDG_DATA_HOME: "/d",
      XDG_CACHE_HOME: "/k",
    }),
    { config: "/c/rbee", state: "/s/rbee", data: "/d/rbee", cache: "/k/rbee" },
  );
  assert.deepEqual(pathsWith({ HOME: "/home/bee", XDG_DATA_HOME: "/models" }), {
    ...IN_HOME,
    data: "/models/rbee",
  });
});

Deno.test("resolvePaths() ignores XDG values that are empty or relative", () => {
  const env = { HOME: "/home/bee", XDG_CONFIG_HOME: "", XDG_STATE_HOME: "state" };
  assert.deepEqual(pathsWith(env), IN_HOME);
});

Deno.test("resolvePaths() keeps everything under RBEE_HOME when it is set, whatever XDG says", () => {
  const expected = {
    config: "/srv/rbee/config",
    state: "/srv/rbee/state",
    data: "/srv/rbee/data",
    cache: "/srv/rbee/cache",
  };
  const env = { RBEE_HOME: "/srv/rbee", HOME: "/home/bee", XDG_CONFIG_HOME: "/c" };
  assert.deepEqual(pathsWith(env), expected);
  assert.deepEqual(pathsWith({ RBEE_HOME: "/srv/rbee/" }), expected);
});

Deno.test("resolvePaths() makes a relative RBEE_HOME absolute", () => {
  assert.equal(pathsWith({ RBEE_HOME: "./here" }).state, `${Deno.cwd()}/here/state`);
});

Deno.test("resolvePaths() takes an empty RBEE_HOME for none", () => {
  assert.deepEqual(pathsWith({ RBEE_HOME: "", HOME: "/home/bee" }), IN_HOME);
});

Deno.test("resolvePaths() throws no_home when it has nothing to go by", () => {
  for (const env of [{}, { HOME: "" }, { XDG_CONFIG_HOME: "/c" }]) {
    assert.throws(() => pathsWith(env), {
      name: "RbeeError",
      code: "no_home",
      message: /RBEE_HOME/,
    });
  }
});

Deno.test("resolvePaths() reads the process's environment by default", async () => {
  const { paths } = await printedEnvironment({ RBEE_HOME: "/srv/from-env" });
  assert.deepEqual(paths, pathsWith({ RBEE_HOME: "/srv/from-env" }));
});

Deno.test("daemonFiles() are in the state and data folders, named after the role", () => {
  assert.deepEqual(daemonFiles(IN_HOME, "queen"), {
    pid: `${IN_HOME.state}/queen.pid`,
    log: `${IN_HOME.state}/queen.log`,
    crash: `${IN_HOME.state}/queen.crash.log`,
    token: `${IN_HOME.state}/queen.token`,
    groups: `${IN_HOME.state}/queen.groups.json`,
    journal: `${IN_HOME.data}/journal/queen.db`,
    workers: `${IN_HOME.data}/journal/queen-workers.db`,
  });
  assert.equal(daemonFiles(IN_HOME, "hive").log, `${IN_HOME.state}/hive.log`);
});

Deno.test("ensureFolder() makes a folder and those above it for its owner alone", async () => {
  await using folder = await TemporaryFolder.make();
  await ensureFolder(folder.join("a", "b"));
  await ensureFolder(folder.join("a", "b"));
  for (const path of [folder.join("a"), folder.join("a", "b")]) {
    const { mode, isDirectory } = await Deno.stat(path);
    assert.ok(isDirectory);
    assert.equal((mode ?? 0) & 0o077, 0);
  }
});

Deno.test("ensureFolder() says in one sentence where it cannot", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("file"), "");
  const path = folder.join("file", "state");
  await assert.rejects(ensureFolder(path), (error: Error & { code?: string }) => {
    assert.equal(error.code, "cannot_write");
    assert.ok(error.message.startsWith(`Cannot make the folder ${path}: `), error.message);
    assert.match(error.message, /set RBEE_HOME/);
    return true;
  });
});
