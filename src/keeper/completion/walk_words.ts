import { shellWord } from "./shell_word.ts";
import { allCommands, type CompletedCommand } from "./command_tree.ts";

/**
 * The part of a completion script that bash and zsh share. The function sets for the command that the
 * words `$2…` before the cursor lead to: `at`, its words; `choices`, what the value of the flag before
 * the cursor may be; and `valued`, non-empty where the cursor is at a value.
 *
 * @returns A function `_rbee_walk`, whose `$@` are the words between the program's name and the cursor.
 */
export function walkWords(tree: CompletedCommand): string {
  const commands = allCommands(tree);
  const paths = commands.filter(({ path }) => path !== "").map(({ path }) => shellWord(path));
  const flags = commands.flatMap(({ path, flags }) =>
    flags.filter(({ takesValue }) => takesValue).map(({ names, choices }) => ({
      patterns: names.map((name) => shellWord(`${path} ${name}`.trim())).join("|"),
      choices: choices.join(" "),
    }))
  );
  return `_rbee_walk() {
  at= valued= choices=
  local word next
  for word in "$@"; do
    [[ $word == = ]] && continue
    if [[ -n $valued ]]; then valued= choices=; continue; fi
    next="\${at:+$at }$word"
    case "$next" in
      ${paths.join("|")}) at=$next ;;
${
    flags.map(({ patterns, choices }) =>
      `      ${patterns}) valued=1 choices=${shellWord(choices)} ;;`
    ).join("\n")
  }
    esac
  done
}`;
}
