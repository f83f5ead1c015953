import assert from "node:assert/strict";
import { createAccessToken } from "../../src/config/access_token_file.ts";
import { daemonFiles, type Paths } from "../../src/config/paths.ts";
import { readTokenFile, writeTokenFile } from "../../src/config/token_file.ts";
import type { Access } from "../../src/http/access.ts";
import { roleAccess, type RoleAccessOptions } from "../../src/jobs/role_access.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** A home in a folder of its own, and whom its roles answer. */
async function makeHome() {
  const folder = await TemporaryFolder.make();
  const [config, state, data, cache] = ["config", "state", "data", "cache"]
    .map((name) => folder.join(name));
  const paths: Paths = { config: config!, state: state!, data: data!, cache: cache! };
  const resources = new AsyncDisposableStack();
  return {
    paths,
    async access(changed: Partial<RoleAccessOptions> = {}): Promise<Access> {
      const base = { role: "queen", host: "127.0.0.1", requireToken: false, paths } as const;
      return await roleAccess({ ...base, ...changed }, resources);
    },
    async [Symbol.asyncDispose]() {
      // What is known of the use of tokens is written before the folder goes.
      await resources.disposeAsync();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("on loopback a role asks nobody, whatever tokens there are, and makes no file", async () => {
  await using home = await makeHome();
  const { token } = await createAccessToken(home.paths, { role: "admin" });
  for (const host of ["127.0.0.1", "localhost", "::1"]) {
    const access = await home.access({ host });
    assert.deepEqual([access.required, access.token], [false, undefined]);
    assert.equal(access.tokens?.find(token)?.role, "admin");
  }
  assert.equal(await readTokenFile(daemonFiles(home.paths, "queen").token), undefined);
});

Deno.test("on loopback a role asks everybody where rbee.yaml says so, or it has a token", async () => {
  await using home = await makeHome();
  const required = await home.access({ requireToken: true });
  assert.equal(required.required, true);
  assert.equal(required.token, await readTokenFile(daemonFiles(home.paths, "queen").token));
  const hive = await home.access({ role: "hive", token: "given" });
  assert.deepEqual([hive.required, hive.token], [true, "given"]);
});

Deno.test("beyond loopback a role needs a token of the role admin, or a hive the one of her queen", async () => {
  await using home = await makeHome();
  await createAccessToken(home.paths, { role: "infer" });
  for (const host of ["0.0.0.0", "::", "10.0.0.5", "bees.example"]) {
    for (const role of ["queen", "hive"] as const) {
      await assert.rejects(home.access({ host, role }), {
        code: "token_needed",
        message: new RegExp(`The ${role} .*${host}.*rbee token create --role admin`),
      });
    }
  }
  const hive = await home.access({ host: "0.0.0.0", role: "hive", token: "given" });
  assert.deepEqual([hive.required, hive.token], [true, "given"]);
  await createAccessToken(home.paths, { role: "admin" });
  const queen = await home.access({ host: "0.0.0.0" });
  assert.equal(queen.required, true);
});

Deno.test("a role's own token stays the same from start to start, for its owner alone", async () => {
  await using home = await makeHome();
  const first = await home.access({ requireToken: true });
  const second = await home.access({ requireToken: true });
  assert.equal(first.token, second.token);
  assert.ok(first.token!.length > 40);
  const path = daemonFiles(home.paths, "queen").token;
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  await writeTokenFile(path, "another");
  assert.equal((await home.access({ requireToken: true })).token, "another");
  assert.equal((await home.access()).required, false, "what is left of it closes nothing");
});

Deno.test("a role whose tokens cannot be read does not start", async () => {
  await using home = await makeHome();
  await createAccessToken(home.paths, { role: "admin" });
  await Deno.writeTextFile(`${home.paths.state}/tokens.json`, "{");
  await assert.rejects(home.access({ host: "0.0.0.0" }), { code: "bad_token" });
});
