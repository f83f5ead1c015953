import assert from "node:assert/strict";
import {
  createAccessToken,
  readKeptTokens,
  revokeAccessToken,
} from "../../src/config/access_token_file.ts";
import { AccessTokens } from "../../src/config/access_tokens.ts";
import { accessTokensFile, tokenUsesFile } from "../../src/config/paths.ts";
import { lastUses } from "../../src/config/token_use_file.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

async function home() {
  const folder = await TemporaryFolder.make();
  const paths = { state: folder.join("state") };
  return {
    paths,
    file: accessTokensFile(paths),
    /** The tokens as a role sees them that runs. */
    role: (role: "queen" | "hive" = "queen") => new AccessTokens(paths, { role }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("createAccessToken() keeps the hash of a token that can be recognised, for its owner alone", async () => {
  await using at = await home();
  const { token, kept } = await createAccessToken(at.paths, { role: "infer", name: "site" });
  assert.match(token, /^rbee_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual([kept.name, kept.role], ["site", "infer"]);
  assert.match(kept.id, /^token-[0-9a-f]{16}$/);
  const text = await Deno.readTextFile(at.file);
  assert.doesNotMatch(text, new RegExp(token.slice("rbee_".length)));
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  assert.match(text, new RegExp(new Uint8Array(sum).toHex()));
  assert.equal((await Deno.stat(at.file)).mode! & 0o777, 0o600);
  assert.deepEqual(
    (await Array.fromAsync(Deno.readDir(at.paths.state))).map(({ name }) => name).sort(),
    ["tokens.json", "tokens.lock"],
    "nothing half written is left",
  );
});

Deno.test("createAccessToken() finds a name where none is given, and takes none twice", async () => {
  await using at = await home();
  const names: string[] = [];
  for (const role of ["infer", "infer", "admin", "infer"] as const) {
    names.push((await createAccessToken(at.paths, { role })).kept.name);
  }
  assert.deepEqual(names, ["infer", "infer-2", "admin", "infer-3"]);
  await assert.rejects(createAccessToken(at.paths, { role: "admin", name: "infer-2" }), {
    code: "token_exists",
    message: /rbee token revoke infer-2/,
  });
});

for (const name of ["", "a b", "-x", "token-0123456789abcdef", "a".repeat(65), "ä", "a\n"]) {
  Deno.test(`createAccessToken() refuses the name ${JSON.stringify(name)}`, async () => {
    await using at = await home();
    await assert.rejects(createAccessToken(at.paths, { role: "infer", name }), { code: "usage" });
    assert.deepEqual(readKeptTokens(at.file), []);
  });
}

Deno.test("several commands at once lose no token", async () => {
  await using at = await home();
  await Promise.all(
    Array.from({ length: 20 }, () => createAccessToken(at.paths, { role: "infer" })),
  );
  assert.equal(new Set(readKeptTokens(at.file).map(({ name }) => name)).size, 20);
});

Deno.test("AccessTokens knows what is made and revoked while it is there, by name and by id", async () => {
  await using at = await home();
  await using tokens = at.role();
  assert.equal(tokens.find("rbee_nobody"), undefined);
  const site = await createAccessToken(at.paths, { role: "infer" });
  assert.deepEqual(tokens.find(site.token), {
    id: site.kept.id,
    role: "infer",
    name: "infer",
  });
  assert.equal(tokens.hasAdmin(), false);
  const boss = await createAccessToken(at.paths, { role: "admin" });
  assert.equal(tokens.hasAdmin(), true);
  assert.deepEqual(tokens.find(boss.token), {
    id: boss.kept.id,
    role: "admin",
    name: "admin",
  });
  assert.equal(tokens.find(boss.token.slice(0, -1)), undefined);
  assert.equal(tokens.find(boss.token + "x"), undefined);
  assert.equal(tokens.find(""), undefined);

  assert.deepEqual(await revokeAccessToken(at.paths, site.kept.id), site.kept);
  assert.equal(tokens.find(site.token), undefined);
  assert.deepEqual(await revokeAccessToken(at.paths, "admin"), boss.kept);
  assert.equal(tokens.find(boss.token), undefined);
  assert.equal(tokens.hasAdmin(), false);
  await assert.rejects(revokeAccessToken(at.paths, "admin"), { code: "token_not_found" });
});

Deno.test("a file of tokens that is damaged lets nobody in, and a command does not write over it", async () => {
  await using at = await home();
  await using tokens = at.role();
  const { token } = await createAccessToken(at.paths, { role: "admin" });
  const whole = await Deno.readTextFile(at.file);
  for (const text of ["", "{", "{}", '{"tokens":[{"id":"token-1"}]}']) {
    using said = new RecordedNarration();
    await Deno.writeTextFile(at.file, text);
    for (let times = 0; times < 2; times++) assert.equal(tokens.find(token), undefined);
    assert.deepEqual(said.records.map(({ level }) => level), ["error"], "once, to its operator");
    assert.match(said.records[0]!.human, /tokens\.json is damaged/);
    assert.throws(() => tokens.hasAdmin(), { code: "bad_token" });
    await assert.rejects(createAccessToken(at.paths, { role: "admin" }), { code: "bad_token" });
    assert.equal(await Deno.readTextFile(at.file), text);
  }
  await Deno.writeTextFile(at.file, whole);
  assert.equal(tokens.find(token)?.role, "admin");
  await Deno.remove(at.file);
  assert.equal(tokens.find(token), undefined, "without a file there are none");
});

Deno.test("the last use of a token is kept to the hour, over a restart, and apart from the tokens", async () => {
  await using at = await home();
  const { token, kept } = await createAccessToken(at.paths, { role: "infer" });
  const other = await createAccessToken(at.paths, { role: "infer" });
  const before = await Deno.readTextFile(at.file);
  {
    await using tokens = at.role("queen");
    tokens.find(token);
    tokens.find(token);
    tokens.find("rbee_nobody");
  }
  const { [kept.id]: used, ...others } = lastUses(at.paths);
  assert.match(used!, /^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/);
  const age = Date.now() - Date.parse(used!);
  assert.ok(age >= 0 && age < 2 * 3_600_000, used);
  assert.deepEqual(others, {});
  {
    await using tokens = at.role("hive");
    tokens.find(other.token);
  }
  assert.deepEqual(Object.keys(lastUses(at.paths)).sort(), [kept.id, other.kept.id].sort());
  assert.equal(await Deno.readTextFile(at.file), before);
  assert.equal((await Deno.stat(tokenUsesFile(at.paths, "queen"))).mode! & 0o777, 0o600);
});

Deno.test("AccessTokens tells who listens that a token is gone, once, and nobody whose token is there", async () => {
  await using at = await home();
  const ann = await createAccessToken(at.paths, { role: "infer", name: "ann" });
  const ben = await createAccessToken(at.paths, { role: "infer", name: "ben" });
  await using tokens = at.role();
  for (const { token } of [ann, ben]) tokens.find(token);
  const told: string[] = [];
  const gone = Promise.withResolvers<void>();
  tokens.onRevoked(ann.kept.id, () => {
    told.push("ann");
    gone.resolve();
  });
  const forget = tokens.onRevoked(ann.kept.id, () => told.push("nobody listens any more"));
  forget();
  tokens.onRevoked(ben.kept.id, () => told.push("ben"));
  await revokeAccessToken(at.paths, "ann");
  await gone.promise;
  assert.deepEqual(told, ["ann"]);
  assert.ok(tokens.find(ben.token));
  const late = Promise.withResolvers<void>();
  tokens.onRevoked(ann.kept.id, late.resolve);
  await late.promise;
  await revokeAccessToken(at.paths, "ben");
  assert.equal(tokens.find(ben.token), undefined);
  assert.deepEqual(told, ["ann", "ben"]);
});
