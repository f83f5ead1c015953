import { allCommands, type CompletedCommand } from "./command_tree.ts";
import { shellWord } from "./shell_word.ts";
import { walkWords } from "./walk_words.ts";

/** The script by which bash completes the commands of `tree`. */
export function bashScript(tree: CompletedCommand): string {
  const cases = allCommands(tree).map((command) => {
    const words = [...command.commands.map(({ name }) => name), ...command.choices];
    const flags = command.flags.flatMap(({ names }) => names);
    return `    ${shellWord(command.path)}) words=${shellWord(words.join(" "))} flags=${
      shellWord(flags.join(" "))
    } ;;`;
  });
  // Where nothing is known, bash itself offers files. It makes a word of the = in --flag=value.
  return `# bash completions for rbee: source <(rbee completions bash)

${walkWords(tree)}

_rbee() {
  local at valued choices words flags cur=\${COMP_WORDS[COMP_CWORD]}
  _rbee_walk "\${COMP_WORDS[@]:1:COMP_CWORD-1}"
  case "$at" in
${cases.join("\n")}
  esac
  [[ $cur == -* ]] && words=$flags
  [[ -n $valued ]] && words=$choices
  [[ $cur == = ]] && cur=
  COMPREPLY=()
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$cur")
}

complete -o default -F _rbee rbee
`;
}
