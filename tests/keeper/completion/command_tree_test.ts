import assert from "node:assert/strict";
import { Argument, Command, Option } from "commander";
import { allCommands, commandTree } from "../../../src/keeper/completion/command_tree.ts";

function sample(): Command {
  const program = new Command("rbee").description("everything").version("1.0.0");
  const queen = program.command("queen").description("the queen");
  queen.command("start").description("start her")
    .addOption(new Option("-p, --port <n>", "where"))
    .addOption(new Option("--level [l]", "how much").choices(["a", "b"]))
    .addOption(new Option("--quiet", "no words"))
    .addOption(new Option("--secret", "not for people").hideHelp());
  program.command("completions").description("for shells")
    .addArgument(new Argument("<shell>").choices(["bash", "fish"]));
  return program;
}

Deno.test("commandTree() has every command with the words that lead to it, help left out", () => {
  const tree = commandTree(sample());
  assert.deepEqual(allCommands(tree).map(({ path, name }) => [path, name]), [
    ["", "rbee"],
    ["queen", "queen"],
    ["queen start", "start"],
    ["completions", "completions"],
  ]);
});

Deno.test("commandTree() tells of a flag its names, its value and its choices, hidden ones left out", () => {
  const start = commandTree(sample()).commands[0]!.commands[0]!;
  assert.equal(start.description, "start her");
  assert.deepEqual(start.flags, [
    { names: ["-p", "--port"], description: "where", takesValue: true, choices: [] },
    { names: ["--level"], description: "how much", takesValue: true, choices: ["a", "b"] },
    { names: ["--quiet"], description: "no words", takesValue: false, choices: [] },
    {
      names: ["-h", "--help"],
      description: "display help for command",
      takesValue: false,
      choices: [],
    },
  ]);
});

Deno.test("commandTree() tells what a first argument may be", () => {
  const [queen, completions] = commandTree(sample()).commands;
  assert.deepEqual([queen!.choices, completions!.choices], [[], ["bash", "fish"]]);
});
