import assert from "node:assert/strict";
import { RbeeHome } from "../../helpers/rbee_home.ts";

const TOKEN = /^rbee_[A-Za-z0-9_-]{43}\n$/;

Deno.test("rbee token create prints the token alone, and says beside it that it is shown once", async () => {
  await using home = await RbeeHome.create();
  const site = await home.rbee(["token", "create", "--name", "site"]);
  assert.equal(site.code, 0, site.stderr);
  assert.match(site.stdout, TOKEN);
  assert.match(
    site.stderr,
    /^Made the token site \(token-[0-9a-f]{16}\) of the role infer\. .*once.*\n$/,
  );
  const quiet = await home.rbee(["token", "create", "-q", "--role", "admin"]);
  assert.match(quiet.stdout, TOKEN);
  assert.equal(quiet.stderr, "");
  const { code, stdout, stderr } = await home.rbee(["token", "create", "--json"]);
  assert.deepEqual([code, stderr], [0, ""]);
  const made = JSON.parse(stdout);
  assert.deepEqual(Object.keys(made), ["id", "name", "role", "created_at", "token"]);
  assert.match(made.token + "\n", TOKEN);
});

Deno.test("rbee token list shows all but the tokens themselves, and works with a broken rbee.yaml", async () => {
  await using home = await RbeeHome.create();
  await Deno.mkdir(`${home.path}/config`);
  await Deno.writeTextFile(`${home.path}/config/rbee.yaml`, "queen: 7");
  assert.equal((await home.rbee(["token", "list"])).stdout, "No tokens\n");
  assert.deepEqual(JSON.parse((await home.rbee(["token", "list", "--json"])).stdout), {
    tokens: [],
  });
  const { stdout } = await home.rbee(["token", "create", "--name", "site", "--json"]);
  const { token: _, ...made } = JSON.parse(stdout);
  const listed = await home.rbee(["token", "list", "--json"]);
  assert.deepEqual(JSON.parse(listed.stdout), { tokens: [{ ...made, last_used_at: null }] });
  const [head, row, end] = (await home.rbee(["token", "list"])).stdout.split("\n");
  assert.match(head!, /^NAME +ROLE +ID +CREATED +LAST USED$/);
  assert.match(row!, new RegExp(`^site +infer +${made.id} +${made.created_at} +never$`));
  assert.equal(end, "");
});

Deno.test("rbee token revoke takes a name or an id, and says when there is none such", async () => {
  await using home = await RbeeHome.create();
  for (const name of ["site", "laptop"]) {
    assert.equal((await home.rbee(["token", "create", "--name", name])).code, 0);
  }
  const { tokens } = JSON.parse((await home.rbee(["token", "list", "--json"])).stdout);
  const gone = await home.rbee(["token", "revoke", "site", "--json"]);
  assert.deepEqual(JSON.parse(gone.stdout).revoked.id, tokens[0].id);
  const said = await home.rbee(["token", "revoke", tokens[1].id]);
  assert.match(said.stderr, /^Revoked the token laptop \(token-/);
  assert.deepEqual(await home.rbee(["token", "revoke", "site"]), {
    code: 1,
    stdout: "",
    stderr: 'Error: There is no token "site"; see rbee token list\n',
  });
});

Deno.test("rbee token create refuses what is no name and no role with 2, and a name that is taken", async () => {
  await using home = await RbeeHome.create();
  for (const flags of [["--role", "queen"], ["--name", "a b"], ["--name", "token-1"]]) {
    const { code, stdout } = await home.rbee(["token", "create", ...flags]);
    assert.deepEqual([code, stdout], [2, ""], flags.join(" "));
  }
  assert.equal((await home.rbee(["token", "create", "--name", "site"])).code, 0);
  const again = await home.rbee(["token", "create", "--name", "site"]);
  assert.deepEqual([again.code, again.stdout], [1, ""]);
  assert.match(again.stderr, /rbee token revoke site/);
});

Deno.test("the shells complete rbee token, its commands and its roles", async () => {
  await using home = await RbeeHome.create();
  const { stdout } = await home.rbee(["completions", "bash"]);
  for (const word of ["token", "create", "revoke", "admin", "infer", "--token-file"]) {
    assert.match(stdout, new RegExp(`(^|[^\\w-])${word}([^\\w-]|$)`), word);
  }
});

Deno.test("rbee token create --out writes the token into a file of its owner alone, and prints it nowhere", async () => {
  await using home = await RbeeHome.create();
  const path = `${home.path}/laptop.token`;
  const { code, stdout, stderr } = await home.rbee(["token", "create", "--out", path]);
  assert.deepEqual([code, stdout], [0, ""]);
  assert.ok(stderr.endsWith(`It is in ${path} alone, which you alone can read\n`), stderr);
  const token = await Deno.readTextFile(path);
  assert.match(token, TOKEN);
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const json = await home.rbee(["token", "create", "--json", "--out", `${path}.2`]);
  const made = JSON.parse(json.stdout);
  assert.deepEqual(Object.keys(made), ["id", "name", "role", "created_at", "file"]);
  assert.equal(made.file, `${path}.2`);
  const again = await home.rbee(["token", "create", "--name", "again", "--out", path]);
  assert.deepEqual([again.code, again.stdout], [2, ""]);
  assert.match(
    again.stderr,
    /^Error: There is .*laptop\.token already; remove it, or name another/,
  );
  assert.equal(await Deno.readTextFile(path), token);
  const bad = await home.rbee(["token", "create", "--name", "a b", "--out", `${path}.3`]);
  assert.equal(bad.code, 2);
  await assert.rejects(Deno.stat(`${path}.3`), Deno.errors.NotFound);
  const { tokens } = JSON.parse((await home.rbee(["token", "list", "--json"])).stdout);
  assert.deepEqual(tokens.map(({ name }: { name: string }) => name), ["infer", "infer-2"]);
});

Deno.test("rbee token create warns where others can read the file that standard output is", async () => {
  await using home = await RbeeHome.create();
  for (const [umask, warned] of [["022", true], ["077", false]] as const) {
    const path = `${home.path}/${umask}.token`;
    const command = home.command(["token", "create"]);
    const { code, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", 'umask "$1"; out=$2; shift 2; exec "$@" >"$out"', "sh", umask, path, ...command],
      env: home.env,
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 0, said);
    assert.match(await Deno.readTextFile(path), TOKEN);
    assert.equal(/Others can read the file .*--out FILE/.test(said), warned, said);
  }
});
