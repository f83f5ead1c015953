import assert from "node:assert/strict";
import type { RoleFlags } from "../../src/config/role_options.ts";
import { runCommandLine } from "../../src/keeper/program.ts";
import { versionLine } from "../../src/version.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { TestQueen } from "../helpers/test_queen.ts";
import { testTerminal } from "../helpers/test_terminal.ts";

/** Runs a command line that ends before it needs a home: help, or wrong usage. */
async function run(...args: string[]) {
  const terminal = testTerminal();
  const served: RoleFlags[] = [];
  const commands: string[] = [];
  const status = await runCommandLine(args, {
    terminal,
    signal: new AbortController().signal,
    onCommand: (name) => void commands.push(name),
    serve(flags) {
      served.push(flags);
      return Promise.resolve(7);
    },
  });
  return { status, served, commands, ...await terminal.shown() };
}

/** The commands below `path`, as its help lists them. */
async function commandsBelow(path: string[]): Promise<string[][]> {
  const { out } = await run(...path, "--help");
  const [, list = ""] = /\nCommands:\n((?: .*\n)+)/.exec(out) ?? [];
  const names = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!);
  const own = names.filter((name) => name !== "help").map((name) => [...path, name]);
  return [...own, ...(await Promise.all(own.map(commandsBelow))).flat()];
}

Deno.test("every command has help with what it does, its flags and an example", async () => {
  const commands = [[], ...await commandsBelow([])];
  assert.ok(commands.length > 12, `found only ${commands.join(", ")}`);
  for (const path of commands) {
    const { status, out, err } = await run(...path, "--help");
    const name = ["rbee", ...path].join(" ");
    assert.equal(status, 0, name);
    assert.equal(err, "", name);
    assert.ok(out.startsWith(`Usage: ${name} `), out);
    assert.match(
      out,
      RegExp(`\\nExample:\\n {2}.*rbee ${path.join(" ")}`),
      `${name} has no example`,
    );
    assert.match(out, /-h, --help/, name);
  }
});

Deno.test("runCommandLine() tells which command is about to run, and of none that is not", async () => {
  assert.deepEqual((await run("serve", "--role", "hive")).commands, ["serve"]);
  assert.deepEqual((await run("queen", "start", "--foreground", "--port", "0")).commands, [
    "queen",
  ]);
  assert.deepEqual((await run("--help")).commands, []);
  assert.deepEqual((await run("serve", "--role", "drone")).commands, []);
});

Deno.test("every flag of every command names its twin in the environment", async () => {
  // Help and version are answers, not settings.
  const without = new Set(["--help", "--version"]);
  for (const path of [[], ...await commandsBelow([])]) {
    const { out } = await run(...path, "--help");
    const [, options = ""] = /\nOptions:\n((?: .*\n)+)/.exec(out) ?? [];
    for (const entry of options.split(/\n(?= {2}-)/)) {
      const [flag] = /--[a-z-]+/.exec(entry) ?? [];
      if (flag === undefined || without.has(flag)) continue;
      // What is in the environment is the person's own token, and that of a hive is another.
      if (path.join(" ") === "hive add" && flag === "--token-file") continue;
      const twin = `RBEE_${flag.slice(2).replaceAll("-", "_").toUpperCase()}`;
      assert.ok(entry.includes(twin), `rbee ${path.join(" ")} ${flag} does not name ${twin}`);
    }
  }
});

Deno.test("rbee --version prints one line: what it is", async () => {
  const { status, out, err } = await run("--version");
  assert.deepEqual([status, out, err], [0, `${versionLine()}\n`, ""]);
});

Deno.test("rbee without a command shows its help on standard error and exits with 2", async () => {
  const { status, out, err } = await run();
  assert.deepEqual([status, out], [2, ""]);
  assert.match(err, /^Usage: rbee /);
});

const WRONG = [
  ["frob"],
  ["run"],
  ["infer"],
  ["infer", "bee-tiny", "Hello", "--max-tokens", "many"],
  ["infer", "bee-tiny", "Hello", "--max-tokens", "1.5"],
  ["infer", "bee-tiny", "Hello", "--max-tokens"],
  ["infer", "bee-tiny", "Hello", "--temperature", ""],
  ["infer", "bee-tiny", "Hello", "--queen-port", "1"],
  ["up", "--queen-port", "http"],
  ["up", "now"],
  ["status", "--nope"],
  ["job", "frob"],
  ["job", "show"],
  ["job", "show", "one", "two"],
  ["serve"],
  ["serve", "--role", "drone"],
  ["--nope"],
];

for (const args of WRONG) {
  Deno.test(`rbee ${args.join(" ")} exits with 2 and one sentence that says why`, async () => {
    const { status, out, err } = await run(...args);
    assert.equal(status, 2);
    assert.equal(out, "");
    const [sentence = "", ...rest] = err.trimEnd().split("\n");
    assert.match(sentence, /^error: \S.+/);
    for (const line of rest) assert.match(line, /^\((add --help|Did you mean) .*\)$/);
  });
}

Deno.test("rbee serve hands its flags to the role and exits with the role's status", async () => {
  const { status, served, out, err } = await run(
    ...["serve", "--role", "worker", "--model=bee-tiny", "--port", "0", "--parent-pipe"],
    ...["--gpu-layers", "3", "--kv-type", "q8_0"],
  );
  assert.deepEqual([status, out, err], [7, "", ""]);
  assert.deepEqual({ ...served[0] }, {
    role: "worker",
    model: "bee-tiny",
    device: "auto",
    port: 0,
    parentPipe: true,
    gpuLayers: 3,
    kvType: "q8_0",
    memoryCheck: true,
  });
});

Deno.test("wrong values of flags exit with 2 and one sentence before anything is started", async () => {
  await using home = await RbeeHome.create();
  for (
    const [args, sentence] of [
      [["run", "bee-tiny", "Hello", "--max-tokens", "0"], "--max-tokens does not fit: "],
      [["run", "bee-tiny", "Hello", "--temperature", "3"], "--temperature does not fit: "],
      [["run", "bee-tiny", "Hello", "--device", "tpu"], "--device does not fit: "],
      [["run", "bee-tiny", ""], "The prompt is empty; give one, for example: "],
      [["up", "--queen-port", "70000"], "--queen-port 70000 is not a port; give 0 to 65535"],
      [["infer", "--queen", "ftp://x", "bee-tiny", "Hello"], '--queen "ftp://x" is not a URL; '],
      [["job", "list", "--state", "asleep"], "--state must be one of: queued, "],
      [["job", "list", "--limit", "0"], "--limit must be at least 1"],
    ] as const
  ) {
    const { code, stdout, stderr } = await home.rbee([...args]);
    assert.equal(code, 2, `${args}: ${stderr}`);
    assert.equal(stdout, "");
    assert.ok(stderr.startsWith(`Error: ${sentence}`), stderr);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  }
  assert.deepEqual(await Array.fromAsync(Deno.readDir(home.path)), []);
});

Deno.test("a role with wrong flags exits with 2 and narrates why", async () => {
  await using home = await RbeeHome.create();
  for (
    const [flags, sentence] of [
      [["--model", "bee-tiny", "--threads", "0"], "--threads does not fit: "],
      [["--model", "bee-tiny", "--device", "tpu"], "--device does not fit: "],
      [["--model", "bee-tiny", "--kv-type", "f64"], "--kv-type does not fit: "],
      [[], "A worker needs --model; "],
    ] as const
  ) {
    const { code, stdout, stderr } = await home.rbee(["serve", "--role", "worker", ...flags]);
    assert.equal(code, 2);
    assert.ok(stdout.startsWith(`[worker    ] failed         : ${sentence}`), stdout);
    assert.equal(stderr, "");
  }
});

Deno.test("flags beat the environment, which beats the defaults", async () => {
  await using home = await RbeeHome.create();
  await using hive = new FakeHive();
  hive.addWorker();
  await using queen = await TestQueen.start(hive.url);
  const env = {
    RBEE_QUEEN: queen.url,
    RBEE_MAX_TOKENS: "3",
    RBEE_TEMPERATURE: "0.5",
    RBEE_SEED: "7",
    RBEE_TOP_K: "40",
    RBEE_STOP: "END",
    RBEE_SYSTEM: "Be short.",
    RBEE_QUIET: "1",
  };
  const inferHello = ["infer", "bee-tiny", "Hello"];
  const flags = ["--max-tokens", "5", "--seed", "8", "--stop", "X", "--stop", "Y"];
  for (const [args, given] of [[[], {}], [[], env], [flags, env]] as const) {
    const queenFlag = "RBEE_QUEEN" in given ? [] : ["--queen", queen.url];
    const { code, stdout, stderr } = await home.rbee([...inferHello, ...queenFlag, ...args], {
      env: given,
    });
    assert.deepEqual([code, stdout], [0, "buzz"], stderr);
    assert.equal(stderr === "", "RBEE_QUIET" in given, stderr);
  }
  const user = { role: "user", content: "Hello" };
  const system = { role: "system", content: "Be short." };
  const base = { operation: "infer", model: "bee-tiny" };
  const fromEnv = {
    ...base,
    messages: [system, user],
    max_tokens: 3,
    temperature: 0.5,
    top_k: 40,
    seed: 7,
    stop: ["END"],
  };
  assert.deepEqual(hive.asked, [
    { ...base, messages: [user], max_tokens: 512, temperature: 0.7 },
    fromEnv,
    { ...fromEnv, max_tokens: 5, seed: 8, stop: ["X", "Y"] },
  ]);
});

Deno.test("a number in the environment that is none exits with 2", async () => {
  await using home = await RbeeHome.create();
  const { code, stderr } = await home.rbee(["infer", "bee-tiny", "Hello"], {
    env: { RBEE_MAX_TOKENS: "many" },
  });
  assert.equal(code, 2);
  assert.match(stderr, /^error: .*RBEE_MAX_TOKENS.*It is not a number\./);
});

Deno.test("--stop before the prompt leaves the prompt alone", async () => {
  await using home = await RbeeHome.create();
  await using hive = new FakeHive();
  hive.addWorker();
  await using queen = await TestQueen.start(hive.url);
  const { code, stderr } = await home.rbee(
    ["infer", "--queen", queen.url, "bee-tiny", "--stop", "END", "Tell", "me"],
  );
  assert.equal(code, 0, stderr);
  const [asked] = hive.asked as { stop: string[]; messages: { content: string }[] }[];
  assert.deepEqual([asked?.stop, asked?.messages[0]?.content], [["END"], "Tell me"]);
});

Deno.test("--json prints an error as JSON too, and its sentence for a person", async () => {
  await using home = await RbeeHome.create();
  const { code, stdout, stderr } = await home.rbee(["job", "list", "--json"]);
  assert.equal(code, 3);
  const message = "No queen is running; start one with rbee up";
  assert.deepEqual(JSON.parse(stdout), { error: { code: "not_running", message } });
  assert.equal(stderr, `Error: ${message}\n`);
});
