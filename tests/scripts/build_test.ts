import assert from "node:assert/strict";
import { PROJECT } from "../../scripts/build_project.ts";
import { bundlePage } from "../../src/queen/page_bundle.ts";
import { VERSION } from "../../src/version.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { BuiltRbee, cacheOf } from "./built_rbee.ts";
import { copyProgram } from "../helpers/written_program.ts";

let built: BuiltRbee;

Deno.test.beforeAll(async () => void (built = await BuiltRbee.make()));
Deno.test.afterAll(() => built[Symbol.asyncDispose]());

const LINE = new RegExp(
  `^${
    VERSION.replaceAll(".", "\\.")
  } \\((commit [0-9a-f]{7,}(-dirty)?, )?portable, ${Deno.build.target}\\)\\n$`,
);

/** Programs of the home, by what the process list shows of them. */
const rolesOf = (home: RbeeHome) =>
  home.processes().map(({ command }) => / serve --role (\w+) /.exec(`${command} `)?.[1] ?? command)
    .sort();

Deno.test("deno task build makes one file below 80 MB, and says what it has made", async () => {
  const { size, mode } = await Deno.stat(built.file);
  assert.ok(size < 80e6, `${size}`);
  assert.equal(mode! & 0o111, 0o111);
  assert.match(built.said, /^Made \S+\/rbee: \d+\.\d MiB, 0\.\d+\.\d+ \(.*portable, /m);
});

Deno.test("on a bare machine the built file names itself, answers with all roles, and leaves nothing", async () => {
  await using home = await RbeeHome.create();
  const { env } = home;
  const version = await built.run(["--version"], { env });
  assert.deepEqual([version.code, version.stderr], [0, ""]);
  assert.match(version.stdout, LINE);

  const answer = await built.run(["run", "bee-tiny", "--temperature", "0"], {
    env,
    stdin: "Tell me a story about Luna.",
  });
  assert.equal(answer.code, 0, answer.stderr);
  assert.match(answer.stdout, /Luna/);
  for (const actor of ["keeper", "queen", "hive", "worker"]) {
    assert.match(answer.stderr, new RegExp(`^\\[${actor} *\\] `, "m"), `${actor} is heard`);
  }
  assert.match(answer.stderr, /model_load +: Loading bee-tiny: 100 %/);
  assert.deepEqual(rolesOf(home), ["hive", "queen", "worker"]);

  const down = await built.run(["down"], { env });
  assert.equal(down.code, 0, down.stderr);
  assert.deepEqual(home.processes(), []);
  assert.equal((await cacheOf(home.path)).length, 1);
});

Deno.test("the built file serves the page that was made with it, and bundles none", async () => {
  await using home = await RbeeHome.create();
  await using folder = await TemporaryFolder.make();
  await bundlePage(PROJECT.root, folder.path);
  const up = await built.run(["up"], { env: home.env });
  assert.equal(up.code, 0, up.stderr);
  const { url } = await home.daemon("queen");
  assert.ok(up.stderr.endsWith(`\nPage: ${url}/\n`), up.stderr);
  for await (const { name } of Deno.readDir(folder.path)) {
    const answer = await fetch(name === "index.html" ? `${url}/` : `${url}/assets/${name}`);
    assert.equal(answer.status, 200, name);
    const made = await Deno.readTextFile(folder.join(name));
    assert.ok(await answer.text() === made, `${name} is another`);
  }
  assert.equal((await cacheOf(home.path)).length, 1, "nothing but the program");
  assert.equal((await built.run(["down"], { env: home.env })).code, 0);
});

Deno.test("what the built file has started goes on when the file is gone", async () => {
  await using home = await RbeeHome.create();
  await using folder = await TemporaryFolder.make();
  const { env } = home;
  const program = folder.join("r bee");
  await copyProgram(built.file, program);
  const up = await built.run(["up"], { program, env });
  assert.equal(up.code, 0, up.stderr);
  await Deno.remove(program);
  // The hive starts a worker now.
  const answer = await built.run(["infer", "bee-tiny", "Hello", "--max-tokens=3"], { env });
  assert.equal(answer.code, 0, answer.stderr);
  assert.deepEqual(rolesOf(home), ["hive", "queen", "worker"]);
  assert.equal((await built.run(["down"], { env })).code, 0);
  assert.deepEqual(home.processes(), []);
});

Deno.test("the built file exits with 2 for wrong usage and 3 without a queen", async () => {
  await using home = await RbeeHome.create();
  const wrong = await built.run(["frob"], { env: home.env });
  assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
  assert.match(wrong.stderr, /unknown command 'frob'/);
  const status = await built.run(["status"], { env: home.env });
  assert.equal(status.code, 3, status.stderr);
});

Deno.test("three first starts at once unpack into one folder", async () => {
  await using home = await TemporaryFolder.make();
  const env = { RBEE_HOME: home.path };
  const starts = await Promise.all(
    Array.from({ length: 3 }, () => built.run(["--version"], { env })),
  );
  for (const { code, stdout, stderr } of starts) {
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, LINE);
  }
  const [name, ...others] = await cacheOf(home.path);
  assert.match(name!, /^program-[0-9a-f]{16}$/);
  assert.deepEqual(others, []);
  const within = await Array.fromAsync(Deno.readDir(home.join("cache", name!)));
  assert.deepEqual(within.filter((entry) => entry.name.startsWith("unpacking")), []);
});
