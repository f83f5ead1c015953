import assert from "node:assert/strict";
import { Command, Option } from "commander";
import { flagTwins } from "../../src/keeper/flag_twins.ts";
import { fixture, runCaptured } from "../helpers/captured_child.ts";

const WITHOUT_TWIN = new Set([
  // Between a hive and the processes it starts; a person's environment must not reach it.
  "serve --probe",
  // RBEE_TOKEN_FILE is what a queen is shown, and not what a hive asks for.
  "hive add --token-file",
]);

interface Taken {
  command: string;
  flag: string;
  name: string;
  given: string;
  value?: unknown;
  source?: string;
}

Deno.test("every flag of every command, hidden ones too, takes the value of its twin in the environment", async () => {
  // In a process of its own, since test files that run in parallel share their environment.
  const captured = await runCaptured(fixture("print_flag_twins.ts"));
  assert.equal(captured.exit.code, 0, captured.logged("stderr").join("\n"));
  const all = captured.logged().map((line): Taken => JSON.parse(line));
  assert.ok(new Set(all.map(({ command }) => command)).size > 30, "found too few commands");
  const without = new Set<string>();
  for (const { command, flag, name, given, value, source } of all) {
    const what = `rbee ${command} ${flag} with ${name}=${given}`;
    const isOff = given === "false";
    if (!isOff && source !== "env") {
      without.add(`${command} ${flag}`);
      continue;
    }
    if (isOff) assert.notEqual(source, "env", what);
    else if (given !== "1") assert.equal(String(value), given, what);
    else assert.equal(value, !flag.startsWith("--no-"), what);
  }
  assert.deepEqual(without, WITHOUT_TWIN);
});

Deno.test("flagTwins() names the twin of each flag of a command and of those below it once", () => {
  const root = new Command("x").version("1").addOption(new Option("-q, --quiet"));
  root.command("a").addOption(new Option("--max-tokens <n>")).addOption(new Option("-v"));
  root.command("b").addOption(new Option("--max-tokens <n>")).addOption(new Option("--no-check"))
    .addOption(new Option("--inner").hideHelp());
  assert.deepEqual(flagTwins(root), [
    { name: "RBEE_QUIET", flag: "--quiet" },
    { name: "RBEE_MAX_TOKENS", flag: "--max-tokens" },
    { name: "RBEE_NO_CHECK", flag: "--no-check" },
  ]);
});
