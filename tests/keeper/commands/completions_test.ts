import assert from "node:assert/strict";
import { runProgram } from "../../../src/process/run_program.ts";
import { RbeeHome } from "../../helpers/rbee_home.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const LIMIT_MS = 20_000;

/** A command line up to the cursor, and what is offered there; those with a `-` are not all that is. */
const OFFERED: readonly (readonly [string[], string[]])[] = [
  [["queen", ""], ["start", "stop", "restart", "status", "logs"]],
  [["queen", "st"], ["start", "stop", "status"]],
  [["queen", "start", "--po"], ["--port"]],
  [["queen", "start", "--port", "7", "--fore"], ["--foreground"]],
  // What follows a flag with a value is no command.
  [["queen", "logs", "-n", "stop", "--fo"], ["--follow"]],
  [["serve", "--role", ""], ["queen", "hive", "worker"]],
  [["serve", "--role", "h"], ["hive"]],
  [["completions", ""], ["bash", "zsh", "fish"]],
  [["queen", "start", "--queen-p"], []],
];

const hasShell = (name: string) =>
  (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch {
      return false;
    }
  });

/** The script for a shell, in a file. */
async function scriptFor(shell: string, folder: TemporaryFolder): Promise<string> {
  await using home = await RbeeHome.create();
  const { code, stdout, stderr } = await home.rbee(["completions", shell]);
  assert.deepEqual([code, stderr], [0, ""]);
  const path = folder.join(`completions.${shell}`);
  await Deno.writeTextFile(path, stdout);
  return path;
}

/** Runs a script of a shell, which must say nothing on standard error, and gives its lines. */
async function runShell(shell: string, args: string[]): Promise<string[]> {
  const { exit, out, err } = await runProgram({ program: shell, args }, { limitMs: LIMIT_MS });
  assert.deepEqual([exit.code, err], [0, []]);
  return out;
}

Deno.test("rbee completions bash has bash complete commands, flags and their values", async () => {
  await using folder = await TemporaryFolder.make();
  const path = await scriptFor("bash", folder);
  const ask = `source "$1"; shift; complete -p rbee >/dev/null || exit 1
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rbee; printf '%s\\n' "\${COMPREPLY[@]}"`;
  for (
    const [words, expected] of [
      ...OFFERED,
      // As bash itself cuts --role=h.
      [["serve", "--role", "=", "h"], ["hive"]],
      [["serve", "--role", "="], ["queen", "hive", "worker"]],
    ] as const
  ) {
    const out = await runShell("bash", ["-c", ask, "bash", path, "rbee", ...words]);
    assert.deepEqual(out.filter((line) => line !== ""), expected, words.join(" "));
  }
});

Deno.test({
  name: "rbee completions fish has fish complete commands, flags and their values",
  ignore: !hasShell("fish"),
  async fn() {
    await using folder = await TemporaryFolder.make();
    const path = await scriptFor("fish", folder);
    for (const [words, expected] of OFFERED) {
      const ask = 'source $argv[1]; complete -C "$argv[2]"';
      const line = `rbee ${words.join(" ")}`;
      const out = await runShell("fish", ["--no-config", "-c", ask, path, line]);
      const offered = out.map((each) => each.split("\t", 1)[0]!);
      assert.deepEqual(offered.toSorted(), expected.toSorted(), line);
    }
    const [described] = await runShell("fish", [
      "--no-config",
      "-c",
      'source $argv[1]; complete -C "rbee queen sto"',
      path,
    ]);
    assert.match(described ?? "", /^stop\tstop the queen/);
  },
});

// Types lines with a Tab into a zsh on a terminal, and waits for what is to be seen after each.
const ZSH_DRIVER = `
zmodload zsh/zpty
zpty shell zsh -f -i
until_shown() {
  local shown
  while zpty -r shell shown "*$1*"; do [[ $shown == *$1* ]] && return; done
  print -u2 "not shown: $1"; exit 1
}
zpty -w shell "unsetopt zle_bracketed_paste beep; PROMPT=; autoload -Uz compinit; compinit -D -u"
zpty -w shell 'line() { zle -I; print -r -- "<$BUFFER>" }; zle -N line; bindkey "^P" line'
# Not ^U: while a widget prints, the terminal itself would take that, and not the shell.
zpty -w shell "source $1; bindkey '^I' complete-word '^T' kill-buffer; print REA''DY"
until_shown READY
shift
for line shown in "$@"; do
  zpty -w -n shell "$line"$'\\t'
  # Possibilities are not listed while another key is waiting.
  [[ $shown == '<'* ]] && zpty -w -n shell $'\\x10'
  until_shown "$shown"
  zpty -w -n shell $'\\x14'
done
zpty -d shell
print "all were shown"
`;

Deno.test({
  name: "rbee completions zsh has zsh complete commands, flags and their values",
  ignore: !hasShell("zsh"),
  async fn() {
    await using folder = await TemporaryFolder.make();
    const path = await scriptFor("zsh", folder);
    const driver = folder.join("driver.zsh");
    await Deno.writeTextFile(driver, ZSH_DRIVER);
    const out = await runShell("zsh", [
      "-f",
      driver,
      path,
      // One possibility: the rest of the word is put in. Several: they are listed with what they do.
      ...["rbee que", "<rbee queen >"],
      ...["rbee queen sta", "start the queen in the background"],
      ...["rbee queen start --fore", "<rbee queen start --foreground >"],
      ...["rbee queen logs -n stop --fol", "<rbee queen logs -n stop --follow >"],
      ...["rbee serve --role h", "<rbee serve --role hive >"],
      ...["rbee completions fi", "<rbee completions fish >"],
    ]);
    assert.deepEqual(out, ["all were shown"]);
  },
});

Deno.test("rbee completions of a shell that it does not know exits with 2 and names those it does", async () => {
  await using home = await RbeeHome.create();
  const { code, stdout, stderr } = await home.rbee(["completions", "tcsh"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /Allowed choices are bash, zsh, fish/);
});
