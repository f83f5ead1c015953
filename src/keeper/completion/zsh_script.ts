import { allCommands, type CompletedCommand } from "./command_tree.ts";
import { shellWord } from "./shell_word.ts";
import { walkWords } from "./walk_words.ts";

/** The script by which zsh completes the commands of `tree`, with what each is for. */
export function zshScript(tree: CompletedCommand): string {
  const cases = allCommands(tree).map((command) => {
    const words = command.commands.map(({ name, description }) => described(name, description));
    const flags = command.flags.flatMap(({ names, description }) =>
      names.map((name) => described(name, description))
    );
    return `    ${shellWord(command.path)})
      found=(${[...words, ...command.choices.map(shellWord)].join(" ")})
      flags=(${flags.join(" ")}) ;;`;
  });
  return `#compdef rbee
# zsh completions for rbee: source <(rbee completions zsh), after compinit

${walkWords(tree)}

_rbee() {
  local at valued choices cur=$words[CURRENT]
  _rbee_walk "\${(@)words[2,CURRENT-1]}"
  local -a found flags
  case "$at" in
${cases.join("\n")}
  esac
  if [[ -n $valued ]]; then
    if [[ -n $choices ]]; then compadd -- \${=choices}; else _files; fi
  elif [[ $cur == -* ]]; then
    _describe flag flags
  elif (( $#found )); then
    _describe command found
  else
    _files
  fi
}

if [[ $funcstack[1] == _rbee ]]; then _rbee "$@"; else compdef _rbee rbee; fi
`;
}

/** A colon ends the name in zsh's own form. */
function described(name: string, description: string): string {
  return shellWord(`${name.replaceAll(":", "\\:")}:${description}`);
}
