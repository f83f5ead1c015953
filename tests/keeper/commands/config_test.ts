import assert from "node:assert/strict";
import { RbeeHome } from "../../helpers/rbee_home.ts";

/** Writes the home's rbee.yaml as it stands. */
async function write(home: RbeeHome, text: string): Promise<string> {
  const path = `${home.path}/config/rbee.yaml`;
  await Deno.mkdir(`${home.path}/config`, { recursive: true });
  await Deno.writeTextFile(path, text);
  return path;
}

Deno.test("rbee config check names every mistake of a file with its place, and exits with 1", async () => {
  await using home = await RbeeHome.create();
  const path = await write(home, "queen:\n  prot: 1\nhive: {idle: soon}\n");
  const { code, stdout, stderr } = await home.rbee(["config", "check"]);
  assert.deepEqual([code, stderr], [1, ""]);
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    `${path}:2:3: "queen.prot" is not a known key (did you mean "port"?)`,
    `${path}:3:14: "hive.idle" must be a time such as 90s, 5m or 1h, or 0`,
  ]);
  const json = await home.rbee(["config", "check", "--json"]);
  assert.equal(json.code, 1);
  const { file, mistakes } = JSON.parse(json.stdout);
  assert.equal(file, path);
  assert.deepEqual(mistakes[1], {
    line: 3,
    column: 14,
    key: "hive.idle",
    message: '"hive.idle" must be a time such as 90s, 5m or 1h, or 0',
  });
});

Deno.test("rbee config check looks at the file that is named, and finds nothing in one that fits", async () => {
  await using home = await RbeeHome.create();
  await write(home, "quen: 1\n");
  const other = `${home.path}/other.yaml`;
  await Deno.writeTextFile(other, "queen: {port: 1}\n");
  assert.deepEqual(await home.rbee(["config", "check", other]), {
    code: 0,
    stdout: `${other} has no mistakes\n`,
    stderr: "",
  });
  const missing = await home.rbee(["config", "check", `${other}.old`]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^Error: There is no .*other\.yaml\.old; give another file/);
});

Deno.test("rbee config check is content with a home without rbee.yaml", async () => {
  await using home = await RbeeHome.create();
  const { code, stdout } = await home.rbee(["config", "check"]);
  assert.equal(code, 0);
  assert.match(stdout, /^There is no .*rbee\.yaml; the defaults hold$/m);
});

Deno.test("rbee config show says of each value whether a flag, the environment, the file or a default gives it", async () => {
  await using home = await RbeeHome.create();
  await write(
    home,
    "queen: {port: 1}\nhive:\n  port: 2\n  idle: 90s\nengines:\n  x:\n    command: [x, '{port}']\n    env: {KEY: hunter2}\n",
  );
  const { code, stdout } = await home.rbee(["config", "show", "--json", "--hive-port", "5"], {
    env: { RBEE_MAX_TOKENS: "9" },
  });
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /hunter2/);
  const { settings } = JSON.parse(stdout);
  const of = (key: string) => settings.find((each: { key: string }) => each.key === key);
  assert.deepEqual(of("queen.port"), {
    key: "queen.port",
    value: 0,
    source: "environment",
    name: "RBEE_QUEEN_PORT",
  });
  assert.deepEqual(of("hive.port"), {
    key: "hive.port",
    value: 5,
    source: "flag",
    name: "--hive-port",
  });
  assert.deepEqual(of("hive.idle"), { key: "hive.idle", value: "90s", source: "file", line: 4 });
  assert.deepEqual(of("journal.max_jobs"), {
    key: "journal.max_jobs",
    value: 10_000,
    source: "default",
  });
  assert.deepEqual(of("--max-tokens"), {
    key: "--max-tokens",
    value: "9",
    source: "environment",
    name: "RBEE_MAX_TOKENS",
  });
});

Deno.test("rbee config show prints a table, and says which variable is not read", async () => {
  await using home = await RbeeHome.create();
  await write(home, "hive:\n  idle: 90s\n");
  const { code, stdout, stderr } = await home.rbee(["config", "show"], {
    env: { RBEE_MAX_TOKEN: "9" },
  });
  assert.equal(code, 0);
  assert.match(stdout, /^hive\.idle +90s +rbee\.yaml:2$/m);
  assert.match(stdout, /^queen\.host +127\.0\.0\.1 +default$/m);
  assert.match(stderr, /RBEE_MAX_TOKEN is not read by rbee; did you mean RBEE_MAX_TOKENS\?/);
});

Deno.test("rbee config show refuses a file with mistakes and says what shows them", async () => {
  await using home = await RbeeHome.create();
  await write(home, "quen: 1\nhive: 2\n");
  const { code, stdout, stderr } = await home.rbee(["config", "show"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /line 1, column 1: .*; rbee config check shows all 2 mistakes$/m);
});

Deno.test("rbee config schema prints a JSON Schema, also where rbee.yaml is broken", async () => {
  await using home = await RbeeHome.create();
  await write(home, "quen: 1\n");
  const { code, stdout, stderr } = await home.rbee(["config", "schema"]);
  assert.deepEqual([code, stderr], [0, ""]);
  const schema = JSON.parse(stdout);
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.equal(schema.properties.hive.properties.idle.default, "5m");
  assert.equal(schema.additionalProperties, false);
});

for (
  const [what, args, env, port, from] of [
    ["a default", [], {}, 7835, "default"],
    ["rbee.yaml", [], {}, 2, "file"],
    ["the environment", [], { RBEE_HIVE_PORT: "3" }, 3, "environment"],
    ["a flag", ["--hive-port", "4"], { RBEE_HIVE_PORT: "3" }, 4, "flag"],
  ] as const
) {
  Deno.test(`rbee config show lets ${what} beat what comes before it`, async () => {
    await using home = await RbeeHome.create();
    const { RBEE_HIVE_PORT: _, ...rest } = home.env;
    Object.assign(home, { env: rest });
    if (from !== "default") await write(home, "hive: {port: 2}\n");
    const { stdout } = await home.rbee(["config", "show", "--json", ...args], { env });
    const { settings } = JSON.parse(stdout);
    const found = settings.find(({ key }: { key: string }) => key === "hive.port");
    assert.deepEqual([found.value, found.source], [port, from]);
  });
}

Deno.test("rbee config show says that RBEE_TOKEN is set, and not what it is", async () => {
  await using home = await RbeeHome.create();
  const token = `rbee_${"a".repeat(43)}`;
  const { stdout } = await home.rbee(["config", "show"], { env: { RBEE_TOKEN: token } });
  assert.match(stdout, /^token +\[redacted\] +environment RBEE_TOKEN$/m);
  assert.ok(!stdout.includes(token));
});

Deno.test("rbee config show says what RBEE_HOST, RBEE_TLS_CERT, RBEE_TLS_KEY and RBEE_CA decide", async () => {
  await using home = await RbeeHome.create();
  await write(home, "hive: {host: 10.0.0.1}\n");
  const { stdout } = await home.rbee(["config", "show"], {
    env: { RBEE_HOST: "0.0.0.0", RBEE_TLS_CERT: "a.pem", RBEE_TLS_KEY: "a.key", RBEE_CA: "ca.pem" },
  });
  for (const role of ["queen", "hive"]) {
    assert.match(stdout, new RegExp(`^${role}\\.host +0\\.0\\.0\\.0 +environment RBEE_HOST$`, "m"));
    assert.match(
      stdout,
      new RegExp(`^${role}\\.tls_cert +a\\.pem +environment RBEE_TLS_CERT$`, "m"),
    );
    assert.match(stdout, new RegExp(`^${role}\\.tls_key +a\\.key +environment RBEE_TLS_KEY$`, "m"));
  }
  assert.match(stdout, /^queen\.ca +ca\.pem +environment RBEE_CA$/m);
  assert.doesNotMatch(stdout, /^--/m);
});

Deno.test("rbee config show and check hide secrets of known forms in keys", async () => {
  await using home = await RbeeHome.create();
  const secret = `hf_${"aB3".repeat(12)}`;
  const path = await write(home, `models:\n  /m/${secret}.gguf: {pin: true}\n`);
  const show = await home.rbee(["config", "show"]);
  assert.match(show.stdout, /^models\.\/m\/hf_\[redacted\]\.gguf\.pin +true +rbee\.yaml:2$/m);
  assert.ok(!show.stdout.includes(secret), show.stdout);
  await write(home, `${secret}: 1\nmodels:\n  "https://x/m.gguf?token=${secret}": {}\n`);
  for (const args of [[], ["--json"]]) {
    const { code, stdout, stderr } = await home.rbee(["config", "check", ...args]);
    assert.equal(code, 1);
    assert.ok(!(stdout + stderr).includes(secret), stdout + stderr);
    if (args.length === 0) {
      assert.ok(stdout.includes(`${path}:3:3: Cannot use the model name`), stdout);
    }
  }
});

Deno.test("rbee config check refuses bytes that are no UTF-8, and a folder in the place of the file", async () => {
  await using home = await RbeeHome.create();
  const path = await write(home, "");
  await Deno.writeFile(path, new Uint8Array([0x23, 0xff]));
  const bytes = await home.rbee(["config", "check"]);
  assert.equal(bytes.code, 1);
  assert.match(
    bytes.stderr,
    /^Error: Cannot read .*: line 1 is no text in UTF-8; save the file as/,
  );
  await Deno.remove(path);
  await Deno.mkdir(path);
  const folder = await home.rbee(["config", "check"]);
  assert.equal(folder.code, 1);
  assert.match(folder.stderr, /^Error: Cannot read .*: it is a folder; move it away, /);
});
