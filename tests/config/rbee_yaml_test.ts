import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import {
  DEFAULT_HIVE_PORT,
  DEFAULT_QUEEN_PORT,
  type RbeeYaml,
  readRbeeYaml,
} from "../../src/config/rbee_yaml.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const DEFAULTS: RbeeYaml = {
  queen: { host: "127.0.0.1", port: 7833 },
  hive: { host: "127.0.0.1", port: 7835 },
  journal: {
    max_age_hours: 168,
    max_jobs: 10_000,
    max_mib: 4096,
    max_job_mib: 2048,
    keep_completions: true,
  },
};

async function read(text: string): Promise<RbeeYaml> {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("rbee.yaml"), text);
  return await readRbeeYaml(folder.path);
}

/** The sentence about `text`, with FILE for the path of the file. */
async function complaint(text: string): Promise<string> {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("rbee.yaml");
  await Deno.writeTextFile(path, text);
  try {
    await readRbeeYaml(folder.path);
  } catch (error) {
    assert.ok(error instanceof RbeeError, `not for people: ${error}`);
    assert.equal(error.code, "bad_config");
    assert.ok(error.message.startsWith(path), error.message);
    assert.doesNotMatch(error.message, /\n/);
    return error.message.replace(path, "FILE");
  }
  assert.fail(`accepted: ${text}`);
}

Deno.test("readRbeeYaml() gives the contract's defaults when there is no file", async () => {
  await using folder = await TemporaryFolder.make();
  assert.deepEqual(await readRbeeYaml(folder.path), DEFAULTS);
  assert.deepEqual(await readRbeeYaml(folder.join("missing")), DEFAULTS);
  assert.equal(DEFAULT_QUEEN_PORT, 7833);
  assert.equal(DEFAULT_HIVE_PORT, 7835);
});

Deno.test("readRbeeYaml() gives the defaults for a file that says nothing", async () => {
  for (const text of ["", "\n", "# only a comment\n", "---\n", "{}"]) {
    assert.deepEqual(await read(text), DEFAULTS);
  }
});

Deno.test("readRbeeYaml() takes each key by itself", async () => {
  assert.deepEqual(await read("queen:\n  port: 1\n"), {
    ...DEFAULTS,
    queen: { host: "127.0.0.1", port: 1 },
  });
  assert.deepEqual(await read('hive: {host: "::1", port: 0}'), {
    ...DEFAULTS,
    hive: { host: "::1", port: 0 },
  });
});

Deno.test("readRbeeYaml() names file and line of what is not YAML", async () => {
  assert.match(await complaint("queen: ["), /^FILE, line 1: .*; mend the file$/);
  assert.match(await complaint("queen:\n  port: 1\n hive: {"), /^FILE, line 3: /);
  assert.match(await complaint("queen:\n\tport: 1\n"), /^FILE, line 2: /);
});

Deno.test("readRbeeYaml() names the line of a key that is there twice", async () => {
  const text = "queen:\n  port: 1\nhive:\n  port: 2\nqueen:\n  port: 3\n";
  assert.match(await complaint(text), /^FILE, line 5: .*unique/);
});

Deno.test("readRbeeYaml() names line and key of a value that does not fit", async () => {
  assert.match(await complaint("\nqueen:\n  port: high\n"), /^FILE, line 3: "queen\.port" /);
  assert.match(await complaint("hive:\n  port: 65536"), /^FILE, line 2: "hive\.port" /);
  assert.match(await complaint("hive:\n  port: 80.5"), /^FILE, line 2: "hive\.port" /);
  assert.match(await complaint('hive:\n  port: "80"'), /^FILE, line 2: "hive\.port" /);
  assert.match(await complaint('queen:\n  port: 1\n  host: ""'), /^FILE, line 3: "queen\.host" /);
  assert.match(await complaint("# first\nqueen:"), /^FILE, line 2: "queen" /);
});

Deno.test("readRbeeYaml() names line and name of a key that it does not know", async () => {
  assert.equal(
    await complaint("queen:\n  port: 1\n  prot: 2\n"),
    'FILE, line 3: "queen.prot" is not a known key; mend the file',
  );
  assert.match(await complaint("quen:\n  port: 1\n"), /: "quen" is not a known key/);
});

Deno.test("readRbeeYaml() refuses a file that is no mapping", async () => {
  for (const text of ["- 1", "hello", "7"]) {
    assert.match(await complaint(text), /^FILE, line 1: Invalid input: expected object/);
  }
});

Deno.test("readRbeeYaml() refuses aliases that have no anchor or grow without bound", async () => {
  assert.match(await complaint("queen: *missing"), /^FILE: .*missing/);
  let bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (let i = 1; i < 9; i++) {
    bomb += `a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(", ")}]\n`;
  }
  assert.match(await complaint(bomb), /^FILE: .*alias/i);
});

Deno.test("readRbeeYaml() says when it cannot read the file", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.mkdir(folder.join("rbee.yaml"));
  await assert.rejects(readRbeeYaml(folder.path), (error) => {
    assert.ok(error instanceof RbeeError);
    assert.equal(error.code, "bad_config");
    assert.ok(error.message.startsWith(`Cannot read ${folder.join("rbee.yaml")}: `));
    return true;
  });
});
