import assert from "node:assert/strict";
import {
  addHive,
  addHiveEntry,
  keepHiveToken,
  readHiveEntries,
  removeHiveEntry,
} from "../../src/config/hive_entries.ts";
import { hiveTokenFile } from "../../src/config/paths.ts";
import { readTokenFile } from "../../src/config/token_file.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const GPU = { ssh: "anna@gpu-box:2222" };

async function written(folder: TemporaryFolder): Promise<string> {
  return await Deno.readTextFile(folder.join("rbee.yaml"));
}

Deno.test("keepHiveToken() keeps what a hive asks for, also another later, and never another hive's", async () => {
  await using folder = await TemporaryFolder.make();
  const paths = { config: folder.path, state: folder.join("state"), data: "", cache: "" };
  const address = { url: "http://10.0.0.5:7835" };
  const path = hiveTokenFile(paths, "desk");
  await keepHiveToken(paths, "desk", address, "first");
  await addHive(paths, "desk", address);
  await keepHiveToken(paths, "desk", address, "second");
  assert.equal(await readTokenFile(path), "second");
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  await assert.rejects(keepHiveToken(paths, "desk", { url: "http://10.0.0.6:7835" }, "third"), {
    code: "hive_exists",
  });
  assert.equal(await readTokenFile(path), "second");
});

Deno.test("addHiveEntry() makes rbee.yaml where there is none, also its folder", async () => {
  await using folder = await TemporaryFolder.make();
  const config = folder.join("a/b");
  await addHiveEntry(config, "gpu", GPU);
  assert.deepEqual(await readHiveEntries(config), { gpu: GPU });
  assert.equal((await Deno.stat(`${config}/rbee.yaml`)).mode! & 0o777, 0o600);
  const names = (await Array.fromAsync(Deno.readDir(config))).map(({ name }) => name);
  assert.deepEqual(names, ["rbee.yaml"]);
});

Deno.test("hive entries come and go, and all else in rbee.yaml stays, comments too", async () => {
  await using folder = await TemporaryFolder.make();
  const before = `# Our machines.
queen:
  port: 7000 # the old one is taken

models:
  bee-tiny: { idle: 1h } # long
hives:
  # In the cellar.
  desk: { url: "http://10.0.0.5:7835" }
`;
  await Deno.writeTextFile(folder.join("rbee.yaml"), before, { mode: 0o640 });
  await addHiveEntry(folder.path, "gpu", { ...GPU, path: "/opt/rbee" });
  const text = await written(folder);
  for (const line of before.split("\n")) assert.ok(text.includes(line), line);
  assert.deepEqual(await readHiveEntries(folder.path), {
    desk: { url: "http://10.0.0.5:7835" },
    gpu: { ...GPU, path: "/opt/rbee" },
  });
  assert.equal((await Deno.stat(folder.join("rbee.yaml"))).mode! & 0o777, 0o640);
  await removeHiveEntry(folder.path, "gpu");
  assert.equal(await written(folder), before);
});

Deno.test("removeHiveEntry() leaves no empty list behind", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("rbee.yaml"), "# Ours.\nqueen: { port: 7000 }\n");
  await addHiveEntry(folder.path, "gpu", GPU);
  await removeHiveEntry(folder.path, "gpu");
  assert.equal(await written(folder), "# Ours.\nqueen: { port: 7000 }\n");
});

Deno.test("addHiveEntry() writes into a file of comments, and through a link", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.mkdir(folder.join("config"));
  await Deno.writeTextFile(folder.join("shared.yaml"), "# Nothing yet.\n");
  await Deno.symlink(folder.join("shared.yaml"), folder.join("config/rbee.yaml"));
  await addHiveEntry(folder.join("config"), "gpu", GPU);
  assert.match(await Deno.readTextFile(folder.join("shared.yaml")), /^# Nothing yet\.\n/);
  assert.deepEqual(await readHiveEntries(folder.join("config")), { gpu: GPU });
  assert.ok((await Deno.lstat(folder.join("config/rbee.yaml"))).isSymlink);
});

Deno.test("addHiveEntry() takes the same again, and refuses another of the same name", async () => {
  await using folder = await TemporaryFolder.make();
  await addHiveEntry(folder.path, "gpu", GPU);
  await addHiveEntry(folder.path, "gpu", GPU);
  await assert.rejects(addHiveEntry(folder.path, "gpu", { url: "http://10.0.0.5:7835" }), {
    code: "hive_exists",
    message: 'There is a hive "gpu" already (anna@gpu-box:2222); first rbee hive remove gpu',
  });
  assert.deepEqual(await readHiveEntries(folder.path), { gpu: GPU });
});

Deno.test("removeHiveEntry() names what it does not find", async () => {
  await using folder = await TemporaryFolder.make();
  await assert.rejects(removeHiveEntry(folder.path, "gpu"), {
    code: "hive_not_found",
    message: 'There is no hive "gpu"; see rbee hive list',
  });
});

Deno.test("hive entries are not written into an rbee.yaml that does not fit", async () => {
  await using folder = await TemporaryFolder.make();
  for (const text of ["queen: [", "quen: {}\n"]) {
    await Deno.writeTextFile(folder.join("rbee.yaml"), text);
    await assert.rejects(addHiveEntry(folder.path, "gpu", GPU), { code: "bad_config" });
    await assert.rejects(removeHiveEntry(folder.path, "gpu"), { code: "bad_config" });
    assert.equal(await written(folder), text);
  }
});

for (
  const [what, name, address, message] of [
    ["the name of this machine's own", "local", GPU, /"hives\.local" must not be "local"/],
    ["no address", "gpu", {}, /"hives\.gpu" needs either ssh or url/],
    ["two addresses", "gpu", { ...GPU, url: "http://x" }, /"hives\.gpu" needs either ssh or url/],
    ["another protocol", "gpu", { url: "ftp://x" }, /"hives\.gpu\.url" must be like http/],
    ["control characters", "gpu", { ssh: "a\u0007b" }, /"hives\.gpu\.ssh" must not hold control/],
    ["a name that is none", "-x", GPU, /"hives\.-x" must be letters, digits/],
  ] as const
) {
  Deno.test(`addHiveEntry() refuses ${what}, and writes nothing`, async () => {
    await using folder = await TemporaryFolder.make();
    await assert.rejects(addHiveEntry(folder.path, name, address), { code: "bad_config", message });
    await assert.rejects(written(folder), Deno.errors.NotFound);
  });
}

Deno.test("addHive() of several processes at once writes all of them down", async () => {
  await using folder = await TemporaryFolder.make();
  const paths = {
    config: folder.join("config"),
    state: folder.join("state"),
    data: folder.join("data"),
    cache: folder.join("cache"),
  };
  // Each opens the lock for itself, as another process would.
  const names = Array.from({ length: 8 }, (_, index) => `hive${index}`);
  await Promise.all(names.map((name) => addHive(paths, name, { url: "http://10.0.0.5:7835" })));
  assert.deepEqual(Object.keys(await readHiveEntries(paths.config)).toSorted(), names);
});

Deno.test("addHiveEntry() takes names that every object has, and a key without a value", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("rbee.yaml"), "hives:\n");
  await addHiveEntry(folder.path, "constructor", GPU);
  assert.deepEqual(Object.entries(await readHiveEntries(folder.path)), [["constructor", GPU]]);
});
