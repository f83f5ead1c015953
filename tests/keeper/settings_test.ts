import assert from "node:assert/strict";
import { join } from "node:path";
import { readSettings, type SettingsFlags } from "../../src/keeper/settings.ts";
import { fixture, runCaptured } from "../helpers/captured_child.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** The settings in a home of their own, with `yaml` as its rbee.yaml where it is given. */
async function settings(flags: SettingsFlags, yaml?: string): Promise<Record<string, unknown>> {
  await using home = await TemporaryFolder.make();
  if (yaml !== undefined) {
    await Deno.mkdir(home.join("config"));
    await Deno.writeTextFile(home.join("config", "rbee.yaml"), yaml);
  }
  // In a process of its own, since test files that run in parallel share their environment.
  const captured = await runCaptured({
    ...fixture("print_settings.ts", JSON.stringify(flags)),
    env: { ...Deno.env.toObject(), RBEE_HOME: home.path },
  });
  const [line] = captured.logged();
  assert.ok(line, captured.logged("stderr").join("\n"));
  return JSON.parse(line.replaceAll(home.path, "HOME"));
}

const LOCAL = "127.0.0.1";

Deno.test("readSettings() gives the ports of the contract where nothing is said", async () => {
  assert.deepEqual(await settings({}), {
    paths: {
      config: join("HOME", "config"),
      state: join("HOME", "state"),
      data: join("HOME", "data"),
      cache: join("HOME", "cache"),
    },
    queen: { host: LOCAL, port: 7833 },
    hive: { host: LOCAL, port: 7835 },
  });
});

Deno.test("readSettings() takes what rbee.yaml says, and flags before it", async () => {
  const yaml = "queen:\n  port: 1111\n  host: 0.0.0.0\nhive:\n  port: 2222\n";
  const file = await settings({}, yaml);
  assert.deepEqual([file["queen"], file["hive"]], [
    { host: "0.0.0.0", port: 1111 },
    { host: LOCAL, port: 2222 },
  ]);
  const both = await settings({ queenPort: 0, hivePort: 65_535 }, yaml);
  assert.deepEqual([both["queen"], both["hive"]], [
    { host: "0.0.0.0", port: 0 },
    { host: LOCAL, port: 65_535 },
  ]);
});

Deno.test("readSettings() takes the address of a queen and drops what is no part of it", async () => {
  for (
    const [given, url] of [
      ["http://127.0.0.1:7833", "http://127.0.0.1:7833"],
      ["https://queen.example/", "https://queen.example"],
      ["http://[::1]:7833/v1/jobs?x=1", "http://[::1]:7833"],
    ]
  ) {
    assert.equal((await settings({ queen: given }))["queenUrl"], url);
  }
});

for (const given of ["", "queen", "127.0.0.1:7833", "ftp://127.0.0.1", "javascript:alert(1)"]) {
  Deno.test(`readSettings() refuses ${JSON.stringify(given)} as the address of a queen`, async () => {
    assert.deepEqual(await settings({ queen: given }), {
      code: "usage",
      message: `--queen "${given}" is not a URL; give one such as http://127.0.0.1:7833`,
    });
  });
}

for (
  const [flag, flags] of [
    ["--queen-port 65536", { queenPort: 65_536 }],
    ["--hive-port -1", { hivePort: -1 }],
  ] as const
) {
  Deno.test(`readSettings() refuses ${flag}`, async () => {
    assert.deepEqual(await settings(flags), {
      code: "usage",
      message: `${flag} is not a port; give 0 to 65535`,
    });
  });
}

Deno.test("readSettings() names file, line and key of what is wrong in rbee.yaml", async () => {
  const { code, message } = await settings({}, "queen:\n  prot: 1\n");
  assert.equal(code, "bad_config");
  assert.match(String(message), /rbee\.yaml, line 2, column 3: "queen\.prot" is not a known key/);
});

Deno.test("readSettings() takes the token of a file, before that of the environment", async () => {
  await using folder = await TemporaryFolder.make();
  const tokenFile = folder.join("queen.token");
  const read = async (flags: SettingsFlags, token?: string) =>
    (await readSettings({ ignoreConfig: true, ...flags }, { token })).token;
  await Deno.writeTextFile(tokenFile, "rbee_honey\n");
  assert.equal(await read({ tokenFile }, "rbee_wax"), "rbee_honey");
  assert.equal(await read({}, "rbee_wax"), "rbee_wax");
  assert.equal(await read({}), undefined);
  await assert.rejects(read({ tokenFile: "/no/such/file" }), {
    code: "usage",
    message: "There is no file /no/such/file; write the token into it, as one line",
  });
  await assert.rejects(read({}, "two words"), { code: "usage", message: /^RBEE_TOKEN / });
  await Deno.writeTextFile(tokenFile, "two words\n");
  await assert.rejects(read({ tokenFile }), { code: "bad_token" });
});
