import assert from "node:assert/strict";
import { hostname } from "node:os";
import { TinyPortable } from "./tiny_portable.ts";

const UNPACKED = /^program-[0-9a-f]{16}$/;

/** Those shells of this machine that another may have as /bin/sh. */
const SHELLS: [string, ...string[]][] = [
  ["/usr/bin/dash"],
  ["/usr/bin/bash", "--posix"],
  ["/bin/busybox", "sh"],
];

for (const shell of SHELLS) {
  Deno.test({
    name:
      `${exists(shell[0]) ? "" : "SKIPPED, it is not here: "}the portable file unpacks itself ` +
      `once with ${shell.join(" ")} and becomes the program`,
    ignore: !exists(shell[0]),
    fn: async () => {
      await using tiny = await TinyPortable.make();
      const command = [...shell, tiny.file] as const;
      const first = await tiny.run(["where"], { command: [...command] });
      assert.deepEqual(first, { code: 0, stdout: "the program", stderr: "" });
      const [name, ...others] = await tiny.cached();
      assert.match(name!, UNPACKED);
      assert.deepEqual(others, []);
      const { ino } = await Deno.stat(await tiny.program());
      assert.equal((await tiny.run(["where"], { command: [...command] })).code, 0);
      assert.equal((await Deno.stat(await tiny.program())).ino, ino, "it is not unpacked again");
    },
  });
}

Deno.test("the portable file hands on every argument as it is, and the exit status", async () => {
  await using tiny = await TinyPortable.make();
  const args = [
    "arguments",
    "",
    "a b",
    "*",
    "$(id)",
    "`id`",
    '"',
    "'",
    "\\",
    "a\nb",
    "-n",
    "--",
    "ä",
  ];
  const { stdout, stderr } = await tiny.run(args);
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\0").slice(0, -1), args);
  for (const code of [0, 1, 2, 3, 130]) {
    assert.equal((await tiny.run(["exit", `${code}`])).code, code);
  }
});

Deno.test("the portable file leaves standard input to the program, at its first start too", async () => {
  await using tiny = await TinyPortable.make();
  const stdin = "first\nsecond\n" + "x".repeat(100_000);
  for (const start of ["first", "later"]) {
    const { stdout } = await tiny.run(["input"], { stdin });
    assert.equal(stdout, stdin, start);
  }
});

Deno.test("the portable file adds its own path and a folder for Deno to the environment, and nothing else", async () => {
  await using tiny = await TinyPortable.make();
  const env = { HOME: tiny.home, LC_ALL: "de_DE.UTF-8", TEXT: "a b\nc", RBEE_MAX_TOKENS: "3" };
  const set = (text: string) => new Set(text.split("\n").filter((line) => !/^_=/.test(line)));
  const shell = await tiny.run([], { env, command: ["/bin/sh", "-c", "env"] });
  for (const start of ["first", "later"]) {
    const { stdout } = await tiny.run(["environment"], { env });
    const own = [`RBEE_EXECUTABLE=${tiny.file}`, `DENO_DIR=${tiny.home}/cache/deno`];
    assert.deepEqual(set(stdout), new Set([...set(shell.stdout), ...own]), start);
  }
  const traced = { ...env, OTEL_DENO: "true" };
  for (
    const [given, limit] of [[undefined, "1000"], ["5000", "5000"]] as const
  ) {
    const { stdout } = await tiny.run(["environment"], {
      env: { ...traced, OTEL_EXPORTER_OTLP_TIMEOUT: given },
    });
    assert.match(stdout, new RegExp(`^OTEL_EXPORTER_OTLP_TIMEOUT=${limit}$`, "m"));
  }
  const theirs = await tiny.run(["environment"], { env: { ...env, DENO_DIR: "/tmp/mine" } });
  assert.match(theirs.stdout, /^DENO_DIR=\/tmp\/mine$/m);
});

Deno.test("the portable file is the program's process, not its parent", async () => {
  await using tiny = await TinyPortable.make();
  const command = ["/bin/sh", "-c", 'echo $$; exec "$@"', "sh", tiny.file] as const;
  const { stdout } = await tiny.run(["pid"], { command: [...command] });
  const [shell, program] = stdout.split("\n");
  assert.equal(program, shell);
});

Deno.test("the portable file is found through links, PATH, relative paths and blanks", async () => {
  await using tiny = await TinyPortable.make();
  const folder = tiny.join("a folder $x");
  await Deno.mkdir(folder);
  await Deno.rename(tiny.file, `${folder}/r bee`);
  await Deno.symlink(`${folder}/r bee`, tiny.join("link"));
  await Deno.symlink("../link", `${folder}/link`);
  const PATH = `${folder}:${Deno.env.get("PATH")}`;
  const [file, link] = [`${folder}/r bee`, tiny.join("link")];
  const ways: { command: [string, ...string[]]; cwd?: string; PATH?: string; is: string }[] = [
    { command: [file], is: file },
    { command: [link], is: link },
    { command: ["./link"], cwd: folder, is: `${folder}/link` },
    { command: ["a folder $x/r bee"], cwd: tiny.join(), is: file },
    { command: ["/usr/bin/env", "r bee"], PATH, is: file },
    {
      command: ["/usr/bin/env", "r bee"],
      PATH: "a folder $x:/usr/bin",
      cwd: tiny.join(),
      is: file,
    },
    { command: ["/bin/sh", "r bee"], cwd: folder, is: file },
  ];
  // This shell looks for scripts on PATH.
  if (exists("/usr/bin/bash")) ways.push({ command: ["/usr/bin/bash", "r bee"], PATH, is: file });
  for (const { command, PATH, cwd, is } of ways) {
    // Each of them has to find what it unpacks.
    const env = {
      RBEE_HOME: tiny.join("home of", command.join(" ")),
      ...(PATH === undefined ? {} : { PATH }),
    };
    const way = { command, env, ...(cwd === undefined ? {} : { cwd }) };
    const { stdout, stderr } = await tiny.run(["where"], way);
    assert.deepEqual([stdout, stderr], ["the program", ""], command.join(" "));
    // And tells the program where it lies.
    assert.equal((await tiny.run(["file"], way)).stdout, is, command.join(" "));
  }
});

Deno.test("the portable file unpacks below RBEE_HOME, XDG_CACHE_HOME or HOME", async () => {
  await using tiny = await TinyPortable.make();
  const HOME = tiny.join("person");
  const XDG_CACHE_HOME = tiny.join("xdg");
  const cases: [Record<string, string | undefined>, string][] = [
    [{ RBEE_HOME: undefined, HOME }, "person/.cache/rbee"],
    [{ RBEE_HOME: "", XDG_CACHE_HOME: "relative is ignored", HOME }, "person/.cache/rbee"],
    [{ RBEE_HOME: undefined, XDG_CACHE_HOME, HOME }, "xdg/rbee"],
    [{ RBEE_HOME: "own home", XDG_CACHE_HOME, HOME }, "own home/cache"],
  ];
  for (const [env, cache] of cases) {
    const { stderr } = await tiny.run(["where"], { env, cwd: tiny.join() });
    assert.equal(stderr, "");
    const [entry, ...others] = await Array.fromAsync(Deno.readDir(tiny.join(cache)));
    assert.match(entry!.name, UNPACKED);
    assert.deepEqual(others, []);
    await Deno.remove(tiny.join(cache), { recursive: true });
  }
  const { code, stderr } = await tiny.run(["where"], { env: { RBEE_HOME: undefined } });
  assert.deepEqual([code, stderr], [
    1,
    "Error: Neither RBEE_HOME nor HOME is set; set RBEE_HOME to a folder\n",
  ]);
});

const DAMAGES: Record<string, (program: string) => Promise<void>> = {
  "without a file": (program) => Deno.remove(`${program}/assets/model`),
  "with an empty file": (program) => Deno.truncate(`${program}/main.js`),
  "whose Deno is not executable": (program) => Deno.chmod(`${program}/deno`, 0o644),
  "that is empty": async (program) => {
    await Deno.remove(program, { recursive: true });
    await Deno.mkdir(program);
  },
  "that is a file": async (program) => {
    await Deno.remove(program, { recursive: true });
    await Deno.writeTextFile(program, "");
  },
};

for (const [damage, make] of Object.entries(DAMAGES)) {
  Deno.test(`beside a folder ${damage} another is unpacked, once`, async () => {
    await using tiny = await TinyPortable.make();
    assert.equal((await tiny.run(["where"])).code, 0);
    const damaged = await tiny.program();
    await make(damaged);
    for (const start of ["mending", "later"]) {
      const result = await tiny.run(["where"]);
      assert.deepEqual(result, { code: 0, stdout: "the program", stderr: "" }, start);
      assert.equal(await tiny.program(), `${damaged}+`);
      assert.equal(await Deno.readTextFile(`${damaged}+/assets/model`), "a model");
      assert.equal((await tiny.cached()).length, 2);
    }
    const { isDirectory } = await Deno.stat(damaged);
    const left = isDirectory ? await Array.fromAsync(Deno.readDir(damaged)) : [];
    assert.deepEqual(left, [], "what is damaged takes no space");
  });
}

Deno.test("twenty first starts at once leave one whole folder", async () => {
  await using tiny = await TinyPortable.make();
  const starts = await Promise.all(Array.from({ length: 20 }, () => tiny.run(["where"])));
  for (const start of starts) {
    assert.deepEqual(start, { code: 0, stdout: "the program", stderr: "" });
  }
  const names = await tiny.cached();
  assert.equal(names.length, 1, names.join(" "));
  const within = await Array.fromAsync(Deno.readDir(await tiny.program()), ({ name }) => name);
  assert.deepEqual(within.sort(), ["assets", "deno", "deno.json", "main.js"]);
});

Deno.test("a first start that another overtakes in its last moment leaves nothing in that one's folder", async () => {
  await using tiny = await TinyPortable.make();
  const env = await tiny.fake("mv", 'cp -R "$1" "$2" && exec /bin/mv "$1" "$2"');
  const start = await tiny.run(["where"], { env });
  assert.deepEqual(start, { code: 0, stdout: "the program", stderr: "" });
  assert.equal((await tiny.cached()).length, 1);
  const within = await Array.fromAsync(Deno.readDir(await tiny.program()), ({ name }) => name);
  assert.deepEqual(within.sort(), ["assets", "deno", "deno.json", "main.js"]);
});

Deno.test("twenty starts at once mend a damaged folder, and each of them runs", async () => {
  await using tiny = await TinyPortable.make();
  assert.equal((await tiny.run(["where"])).code, 0);
  await Deno.remove(`${await tiny.program()}/assets/model`);
  const starts = await Promise.all(Array.from({ length: 20 }, () => tiny.run(["where"])));
  for (const start of starts) {
    assert.deepEqual(start, { code: 0, stdout: "the program", stderr: "" });
  }
  const names = await tiny.cached();
  assert.deepEqual(names, [names[0], `${names[0]}+`]);
  assert.equal(await Deno.readTextFile(`${await tiny.program()}/assets/model`), "a model");
});

Deno.test("what a killed start has left is removed by the next, what another unpacks is kept", async () => {
  await using tiny = await TinyPortable.make();
  const ended = new Deno.Command("true").spawn();
  await ended.status;
  const [left, others] = [ended.pid, Deno.pid].map((pid) => `unpacking-${hostname()}-${pid}`);
  const elsewhere = `unpacking-elsewhere-${ended.pid}`;
  for (const name of [left, others, elsewhere]) {
    await Deno.mkdir(`${tiny.home}/cache/${name}`, { recursive: true });
  }
  assert.equal((await tiny.run(["where"])).code, 0);
  const names = await tiny.cached();
  assert.match(names.shift()!, UNPACKED);
  assert.deepEqual(names, [others, elsewhere].sort());
});

Deno.test("a first start that is killed while it unpacks costs the next one nothing", async () => {
  await using tiny = await TinyPortable.make();
  // Its last argument is the folder, which ends with the pid of who unpacks.
  const env = await tiny.fake(
    "tar",
    'for folder; do :; done; : >"$folder/deno"; kill -KILL "${folder##*-}"',
  );
  assert.equal((await tiny.run(["where"], { env })).code, 137);
  const [left, ...others] = await tiny.cached();
  assert.match(left!, /^unpacking-/);
  assert.deepEqual(others, []);
  assert.deepEqual(await tiny.run(["where"]), { code: 0, stdout: "the program", stderr: "" });
  assert.equal((await tiny.cached()).length, 1);
});

Deno.test("a folder that a killed start with the same process id has left is no hindrance", async () => {
  await using tiny = await TinyPortable.make();
  // In a container every start may have the same.
  const script = `mkdir -p "$RBEE_HOME/cache/unpacking-$(uname -n)-$$/deno"; exec "$@"`;
  const command = ["/bin/sh", "-c", script, "sh", tiny.file] as const;
  const start = await tiny.run(["where"], { command });
  assert.deepEqual(start, { code: 0, stdout: "the program", stderr: "" });
  assert.equal((await tiny.cached()).length, 1);
});

Deno.test("a start that is ended while it unpacks leaves nothing", async () => {
  await using tiny = await TinyPortable.make();
  // Its last argument is the folder, which ends with the pid of who unpacks.
  const env = await tiny.fake("tar", 'for folder; do :; done; kill -TERM "${folder##*-}"');
  assert.equal((await tiny.run(["where"], { env })).code, 143);
  assert.deepEqual(await tiny.cached(), []);
});

Deno.test("packProgram() makes the same file of the same program", async () => {
  await using one = await TinyPortable.make();
  await using other = await TinyPortable.make();
  assert.deepEqual(await Deno.readFile(one.file), await Deno.readFile(other.file));
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
