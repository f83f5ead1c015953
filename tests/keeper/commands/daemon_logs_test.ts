import assert from "node:assert/strict";
import { RbeeHome } from "../../helpers/rbee_home.ts";
import { runProgram } from "../../../src/process/run_program.ts";

/** A home with a log of the queen that holds `lines` lines. */
async function homeWithLog(lines: number): Promise<RbeeHome> {
  const home = await RbeeHome.create();
  await Deno.mkdir(`${home.path}/state`, { recursive: true });
  await Deno.writeTextFile(logOf(home), numbers(1, lines));
  return home;
}

const logOf = (home: RbeeHome) => `${home.path}/state/queen.log`;

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join("");

Deno.test("rbee queen logs prints the last lines as they stand, 100 unless told otherwise", async () => {
  await using home = await homeWithLog(150);
  for (
    const [args, expected] of [
      [[], numbers(51, 150)],
      [["-n", "2"], numbers(149, 150)],
      [["--lines", "0"], ""],
      [["-n", "1000"], numbers(1, 150)],
    ] as const
  ) {
    assert.deepEqual(await home.rbee(["queen", "logs", ...args]), {
      code: 0,
      stdout: expected,
      stderr: "",
    });
  }
  const wrong = await home.rbee(["queen", "logs", "-n", "-1"]);
  assert.deepEqual([wrong.code, wrong.stderr], [2, "Error: --lines must be at least 0\n"]);
});

Deno.test("rbee queen logs and hive logs say so in a sentence where there is no log", async () => {
  await using home = await RbeeHome.create();
  for (const role of ["queen", "hive"]) {
    assert.deepEqual(await home.rbee([role, "logs"]), {
      code: 1,
      stdout: "",
      stderr:
        `Error: The ${role} has no log yet (${home.path}/state/${role}.log); start it with rbee ${role} start, or see journalctl -u rbee-${role} where systemd runs it\n`,
    });
  }
});

Deno.test("rbee queen logs drops nothing of a long log that is read slowly", async () => {
  await using home = await homeWithLog(600_000);
  const { out } = await runProgram({
    program: "bash",
    args: [
      "-c",
      '"$@" | { read -r first; echo "$first"; tail -n 1 && echo end; }',
      "bash",
      ...home.command(["queen", "logs", "-n", "600000"]),
    ],
    env: { ...Deno.env.toObject(), ...home.env },
  }, { limitMs: 60_000 });
  assert.deepEqual(out, ["line 1", "line 600000", "end"]);
});

Deno.test("rbee queen logs -f goes on through a rotation and a cut, until Ctrl-C", async () => {
  await using home = await homeWithLog(3);
  const logs = home.start(["queen", "logs", "-n", "1", "-f"]);
  await logs.line(/^line 3$/);
  await Deno.writeTextFile(logOf(home), "line 4\n", { append: true });
  await logs.line(/^line 4$/);
  await Deno.rename(logOf(home), `${logOf(home)}.1`);
  await Deno.writeTextFile(logOf(home), "line 5\n");
  await logs.line(/^line 5$/);
  await Deno.truncate(logOf(home), 0);
  await Deno.writeTextFile(logOf(home), "six\n");
  await logs.line(/^six$/);
  logs.signal("SIGINT");
  assert.deepEqual(await logs.result, {
    code: 0,
    stdout: `${numbers(3, 5)}six\n`,
    stderr: "",
  });
});

Deno.test("rbee queen logs -f ends when its reader leaves, though nothing more is logged", async () => {
  await using home = await homeWithLog(3);
  const { out, err } = await runProgram({
    program: "bash",
    args: [
      "-c",
      '"$@" | head -n 1; echo "status ${PIPESTATUS[0]}"',
      "bash",
      ...home.command(["queen", "logs", "-f"]),
    ],
    env: { ...Deno.env.toObject(), ...home.env },
  }, { limitMs: 60_000 });
  assert.deepEqual([out, err], [["line 1", "status 0"], []]);
});

Deno.test("rbee hive logs shows what the hive narrated, after its end too", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["hive", "start", "-q"])).code, 0);
  const { url } = await home.daemon("hive");
  assert.equal((await home.rbee(["hive", "stop", "-q"])).code, 0);
  const { code, stdout } = await home.rbee(["hive", "logs", "local", "--json"]);
  assert.equal(code, 0);
  const said = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).human);
  assert.ok(said.includes(`The hive is ready at ${url}`), stdout);
  assert.equal(said.at(-1), "The hive has stopped");
});
